//! The service that the layer makes. It answers the crate's own paths. It passes all other requests on, with
//! a handle through which they can get the key.
//!
//! Other requests cost a comparison of the path's end and one insert into the extensions. For them the
//! service neither calls the store nor reads cookies. If a handler asked for the key, its answer is
//! `no-store`, unless the app sets another `Cache-Control`. The body of every answer is
//! [`axum_core::body::Body`]. A body that already has this type is not boxed again.

use super::{RejectionKind, shared::Shared, way_back::original_uri};
use crate::site::{self, Probe, answer::retry_after, notices, visitor};
use crate::{api::KomerzaKey, config::Route};
use axum_core::{BoxError, body::Body};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, header, request::Parts};
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::sync::{Arc, atomic::Ordering};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;
use tower_service::Service;

/// The service made by [`KomerzaConnectLayer`](crate::KomerzaConnectLayer).
#[derive(Debug, Clone)]
pub struct KomerzaConnect<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

/// What a request carries for those who ask for the key: the layer that it came through last, and what was
/// found.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    /// The look-up of this request, so that the store is asked once however many ask for the key.
    pub(crate) found: Option<Found>,
}

/// Whom the look-up for a request found: the visitor's key, or why there is none.
pub(crate) type Found = Result<KomerzaKey, RejectionKind>;

/// The answer of one of the crate's routes.
pub(super) async fn answer(shared: Arc<Shared>, route: Route, mut parts: Parts) -> Response<Body> {
    let keeper = Arc::<Shared>::clone(&shared);
    site::answer(&shared.site, &shared.redeem, keeper, route, &mut parts).await
}

impl<S, B, R> Service<Request<B>> for KomerzaConnect<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = KomerzaConnectFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let routes = &self.shared.core.config.routes;
        match routes.find(request.uri().path(), || original_uri(request.extensions()).map(Uri::path)) {
            Some(route) => {
                let (parts, _) = request.into_parts();
                let answer = answer(Arc::clone(&self.shared), route, parts);
                KomerzaConnectFuture { kind: Kind::Own { answer: Box::pin(answer) } }
            }
            None => {
                let handle = Handle { shared: Arc::clone(&self.shared), found: None };
                if let Some(outer) = request.extensions_mut().insert(handle)
                    && notices::are_two_layers(&outer.shared.core, &self.shared.core)
                    && let Some(probe) = request.extensions().get::<Probe>()
                {
                    probe.two_layers.store(true, Ordering::Relaxed);
                }
                KomerzaConnectFuture { kind: Kind::Pass { inner: self.inner.call(request), asked: None } }
            }
        }
    }
}

pin_project! {
    /// The future of [`KomerzaConnect`].
    pub struct KomerzaConnectFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<F> {
        Own { answer: Pin<Box<dyn Future<Output = Response<Body>> + Send>> },
        Pass { #[pin] inner: F, asked: Option<visitor::Asked> },
    }
}

impl<F, R, E> Future for KomerzaConnectFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProjection::Own { answer } => answer.as_mut().poll(task).map(Ok),
            KindProjection::Pass { inner, asked } => {
                let answered = ready!(visitor::within(asked, || inner.poll(task)));
                let mut answered = answered.map(|response| response.map(Body::new));
                if let (Ok(response), Some(asked)) = (&mut answered, asked) {
                    retry_after(response, asked.retry_after);
                    let renewal = asked.renewal.take().filter(|(_, since)| since.elapsed() < RENEWAL_KEPT);
                    for_this_visitor(response.headers_mut(), renewal.map(|(cookie, _)| cookie));
                }
                Poll::Ready(answered)
            }
        }
    }
}

/// How late an answer may be and still renew the session. In a later one the session may be an older one: the
/// visitor may have connected again meanwhile. *Source*: our choice; a login takes longer.
const RENEWAL_KEPT: Duration = Duration::from_secs(2);

/// An answer made with a visitor's key is not cached, unless the app decides otherwise. An answer that a
/// shared cache may keep gets no cookie.
fn for_this_visitor(headers: &mut HeaderMap, renewal: Option<HeaderValue>) {
    let control = headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let Some(cookie) = renewal else { return };
    let control = String::from_utf8_lossy(control.as_bytes()).to_ascii_lowercase();
    if control.contains("no-store") || control.contains("private") {
        headers.append(header::SET_COOKIE, cookie);
    }
}

crate::kinds::shows!(KomerzaConnectFuture<F> {});
