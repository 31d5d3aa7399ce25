//! Which stacks the layer fits into: whatever the bodies inside and outside are.

use super::*;
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Empty, Full, Limited};
use std::{cell::Cell, io, rc::Rc};
use tower::{service_fn, util::option_layer};
use tower_http::timeout::{ResponseBodyTimeoutLayer, TimeoutLayer};
use tower_http::{
    catch_panic::CatchPanicLayer, cors::CorsLayer, limit::RequestBodyLimitLayer,
    map_response_body::MapResponseBodyLayer,
};

/// A service of this body type under the layer: the login is answered, all else goes through unchanged.
async fn fits<R>(body: fn() -> R, shown: &str)
where
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = || service_fn(move |_: Request<Body>| async move { Ok::<_, Infallible>(Response::new(body())) });
    let connect = connected().await;
    assert_login(&send(connect.layer(service()), get("/komerza/login")).await);
    assert_says(&send(connect.layer(service()), get("/x")).await, 200, shown);
}

#[tokio::test]
async fn bodies_of_every_common_kind_go_through() {
    fits(|| Full::new(Bytes::from_static(b"full")), "full").await;
    fits(Empty::<Bytes>::new, "").await;
    fits(|| "string".to_owned(), "string").await;
    fits(|| BoxBody::new(Full::new(Bytes::from_static(b"boxed"))), "boxed").await;
    fits(|| UnsyncBoxBody::new(Full::new(Bytes::from_static(b"unsync"))), "unsync").await;
    fits(|| Full::new(Bytes::from_static(b"mapped")).map_err(|_| io::Error::other("never")), "mapped").await;
}

/// A body of another type, as layers that compress make one: neither `Default` nor made from bytes.
fn another_body<B>(body: B) -> Limited<B> {
    Limited::new(body, 1024 * 1024)
}

/// Login and key in a stack, whatever its answer's body is.
async fn answers<S, R>(stack: S)
where
    S: Service<Request<Body>, Response = Response<R>, Error: std::fmt::Debug> + Clone,
    R: http_body::Body<Error: std::fmt::Debug>,
{
    assert_login(&send(stack.clone(), get("/komerza/login")).await);
    assert_says(&send(stack, get("/x")).await, 200, "the key of alice");
}

#[tokio::test]
async fn other_layers_may_be_inside_outside_or_on_both_sides() {
    let (connect, app) = (connected().await, key_route().with_state(()));
    let (trace, slow) = (TraceLayer::new_for_http, || ResponseBodyTimeoutLayer::new(Duration::from_secs(60)));
    let stack = || ServiceBuilder::new().layer(connect.clone());
    answers(stack().layer(trace()).service(app.clone())).await;
    answers(stack().layer(slow()).service(app.clone())).await;
    answers(stack().layer(MapResponseBodyLayer::new(another_body)).service(app.clone())).await;
    answers(stack().layer(RequestBodyLimitLayer::new(1024)).service(app.clone())).await;
    answers(stack().layer(CatchPanicLayer::new()).service(app.clone())).await;

    let inner = || connect.layer(app.clone());
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(60));
    answers(ServiceBuilder::new().layer(trace()).service(inner())).await;
    answers(ServiceBuilder::new().layer(CorsLayer::permissive()).service(inner())).await;
    answers(ServiceBuilder::new().layer(timeout).service(inner())).await;
    answers(ServiceBuilder::new().layer(slow()).service(inner())).await;
    answers(ServiceBuilder::new().layer(MapResponseBodyLayer::new(another_body)).service(inner())).await;
    answers(ServiceBuilder::new().layer(CatchPanicLayer::new()).service(inner())).await;

    let both: Router = key_route().layer(trace()).layer(slow()).layer(connect.clone());
    answers(both.layer(MapResponseBodyLayer::new(another_body)).layer(trace())).await;
}

#[tokio::test]
async fn the_layer_may_be_optional() {
    let (connect, app) = (connected().await, key_route().with_state(()));
    answers(option_layer(Some(connect.clone())).layer(app.clone())).await;
    answers(ServiceBuilder::new().option_layer(Some(connect.clone())).service(app.clone())).await;
    answers(key_route().layer(option_layer(Some(connect)))).await;
    let without = option_layer(None::<KomerzaConnectLayer>).layer(app);
    assert_eq!(send(without, get("/komerza/login")).await.status(), 404);
}

/// Neither `Clone` nor `Sync`; its future is not `Send` and it fails with an error of its own.
struct Awkward(Rc<Cell<u32>>);

impl Service<Request<&'static str>> for Awkward {
    type Response = Response<Full<Bytes>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, io::Error>>>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<&'static str>) -> Self::Future {
        let calls = Rc::clone(&self.0);
        Box::pin(async move {
            calls.set(calls.get() + 1);
            match *request.body() {
                "fail" => Err(io::Error::other("as asked")),
                body => Ok(Response::new(Full::new(Bytes::from_static(body.as_bytes())))),
            }
        })
    }
}

#[tokio::test]
async fn an_inner_service_need_not_be_clone_nor_its_future_send_nor_its_error_infallible() {
    let calls = Rc::new(Cell::new(0));
    let mut service = connected().await.layer(Awkward(Rc::clone(&calls)));
    let ask = |path, body| Request::get(path).body(body).unwrap();
    let through = service.ready().await.unwrap().call(ask("/x", "hello")).await.unwrap();
    assert_eq!(through.into_body().collect().await.unwrap().to_bytes(), "hello");
    let failed = service.ready().await.unwrap().call(ask("/x", "fail")).await.unwrap_err();
    assert_eq!(failed.to_string(), "as asked");
    let login = service.ready().await.unwrap().call(ask("/komerza/login", "fail")).await.unwrap();
    assert!(super::is_login(&login), "{login:?}");
    assert_eq!(calls.get(), 2, "the login is none of the inner service's business");
}
