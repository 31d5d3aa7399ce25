//! The complete flow, over real sockets, in each way of adding the layer.

use super::*;
use axum::extract::Request;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};

/// The names of the approved stores, read with the key.
async fn store_names(key: KomerzaKey) -> Result<String, Error> {
    let names: Vec<_> = key.stores().await?.into_iter().map(|store| store.name).collect();
    Ok(names.join(", "))
}

fn app() -> Router {
    Router::new().route("/stores", routing::get(store_names)).fallback(|| async { "home" })
}

/// What a user does: wants a page that needs the key, approves, sees the page; reloads the callback; looks again; disconnects; is
/// told so. `serve` puts the layer around an app.
async fn the_flow_works<T>(way: &str, serve: impl FnOnce(TcpListener, KomerzaConnectLayer) -> T)
where
    T: IntoFuture<IntoFuture: Send + 'static, Output: Send + 'static>,
{
    println!("the layer is added: {way}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let site = format!("http://{}", listener.local_addr().unwrap());
    let redirect_uri = format!("{site}/komerza/callback");
    let sandbox = Sandbox::builder().redirect_uri(&redirect_uri).unlimited().start().await.unwrap();
    let connect = KomerzaConnectLayer::new(sandbox.config(redirect_uri).unwrap(), MemoryStore::default()).unwrap();
    tokio::spawn(serve(listener, connect).into_future());
    let authorize = format!("{}/auth/authorize", sandbox.dashboard_url());
    let browser = Browser::new().with_network().with_own_answers(OwnAnswers::authorized_at(&authorize));
    let (page, status) = (format!("{site}/stores?sort=name"), format!("{site}/komerza/status"));

    let visit = browser.open(&page).await;
    assert_eq!(visit.statuses(), [303, 303, 200], "the page, the login, Komerza's consent page");
    let consent = visit.last().url.to_string();
    assert!(consent.starts_with(&authorize), "{consent}");
    assert_eq!(browser.fetch(&site, Method::GET, &status).await.last().json()["connected"], false);

    let callback = sandbox.approve(&consent).unwrap();
    for _ in 0..2 {
        let visit = browser.click(&consent, &callback).await;
        assert_eq!(visit.statuses(), [303, 200], "the callback, the page");
        assert_eq!((visit.last().url.as_str(), visit.last().text().as_str()), (&*page, "Pixel Forge, Night Owl Keys"));
    }
    assert_eq!(browser.fetch(&site, Method::GET, &status).await.last().json()["connected"], true);

    assert_eq!(browser.open(&page).await.statuses(), [200], "the key is still there");
    assert_eq!(sandbox.exchanges(), 1);

    let visit = browser.post(&page, &format!("{site}/komerza/disconnect"), "").await;
    assert_eq!((visit.statuses(), visit.last().text()), (vec![303, 200], "home".to_owned()));
    assert_eq!(browser.open(&page).await.statuses(), [401], "told that it is disconnected, and asked");
}

#[tokio::test]
async fn the_flow_works_in_each_way_of_adding_the_layer_to_a_router() {
    the_flow_works("a layer of it", |listener, connect| axum::serve(listener, app().layer(connect))).await;
    the_flow_works("around it", |listener, connect| {
        axum::serve(listener, axum::ServiceExt::<Request>::into_make_service(connect.layer(app().with_state(()))))
    })
    .await;
    the_flow_works("in a service builder", |listener, connect| {
        let stack = ServiceBuilder::new().layer(connect).layer(TraceLayer::new_for_http());
        axum::serve(listener, axum::ServiceExt::<Request>::into_make_service(stack.service(app().with_state(()))))
    })
    .await;
    the_flow_works("mounted", |listener, connect| axum::serve(listener, connect.mount::<()>(app()))).await;
}

/// No axum: hyper's body in, `Full` out.
async fn plain(request: http::Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (mut parts, _) = request.into_parts();
    if parts.uri.path() != "/stores" {
        return Ok(Response::new(Full::from("home")));
    }
    Ok(match KomerzaKey::from_parts(&mut parts).await {
        Ok(key) => Response::new(store_names(key).await.unwrap().into()),
        Err(rejection) => {
            let (parts, body) = rejection.into_response().into_parts();
            Response::from_parts(parts, Full::new(body.collect().await.unwrap().to_bytes()))
        }
    })
}

async fn serve_with_hyper<S, R>(listener: TcpListener, service: S)
where
    S: Service<http::Request<Incoming>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        tokio::spawn(async move { connection.await.unwrap() });
    }
}

#[tokio::test]
async fn the_flow_works_around_a_plain_hyper_service() {
    the_flow_works("around a plain hyper service", |listener, connect| {
        serve_with_hyper(listener, ServiceBuilder::new().layer(connect).service_fn(plain))
    })
    .await;
}
