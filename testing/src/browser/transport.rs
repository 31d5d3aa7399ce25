//! How a request of the model gets to a server: straight into a service, or over a socket.

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tower::util::{BoxCloneSyncService, ServiceExt};
use tower::{BoxError, Service};

/// No page under test is longer.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub enum Transport {
    /// A service in this process; a clone of it answers each request.
    InProcess(BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>),
    Sockets(Box<Client<HttpConnector, Full<Bytes>>>),
}

impl Transport {
    pub fn in_process<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        Self::InProcess(BoxCloneSyncService::new(service.map_err(Into::into)))
    }

    pub fn sockets() -> Self {
        Self::Sockets(Box::new(Client::builder(TokioExecutor::new()).build_http()))
    }

    /// `origin` is `scheme://host:port`; the request's own URI has path and query only, as a server sees it.
    pub async fn send(self, origin: &str, mut request: Request<Bytes>) -> Result<Response<Bytes>, BoxError> {
        let response = match self {
            Self::InProcess(service) => service.oneshot(request.map(Body::from)).await?,
            Self::Sockets(client) => {
                *request.uri_mut() = format!("{origin}{}", request.uri()).parse()?;
                client.request(request.map(Full::new)).await?.map(Body::new)
            }
        };
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST_BODY).collect().await?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }
}
