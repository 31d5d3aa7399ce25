//! Finds the user of a request with any axum extractor.

use crate::{site::IdentifyUser, user::UserId};
use axum::{BoxError, extract::FromRequestParts, response::IntoResponse};
use http::{StatusCode, request::Parts};
use std::marker::PhantomData;

/// Finds the user of a request with an axum extractor, for
/// [`with_user`](crate::KomerzaConnectLayer::with_user).
///
/// The extractor runs first. Then `find` runs with its value. `find` may be synchronous or
/// asynchronous. It returns `Option<UserId>`, or `Result<Option<UserId>, _>` if it can fail.
///
/// If the extractor rejects with 401, nobody is signed in. Any other rejection is an error, such as the 500
/// of a missing session layer. The visitor then gets 503, and the log names the extractor and the status. If
/// your extractor rejects signed-out visitors with another status than 401, use `Option<E>` or `Result<E,
/// E::Rejection>`.
///
/// ```
/// use axum::{Router, body::Body, extract::Extension, http::Request};
/// use komerza_connect::{KomerzaConnectLayer, MemoryStore, UserId, layer::by_extractor};
/// # use komerza_connect::Config;
/// # use tower::ServiceExt;
///
/// #[derive(Clone)]
/// struct SignedIn(i64);
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # let config = || Config::builder().client_id("x").client_secret("s".repeat(72)).user_agent("MyApp/1.0")
/// #     .redirect_uri("https://shop.example/komerza/callback").build();
/// // With axum-login: by_extractor(|auth: AuthSession<Backend>| auth.user.map(|user| UserId::from(user.id)))
/// let by_session = by_extractor(|Extension(user): Extension<SignedIn>| Some(UserId::from(user.0)));
/// // Asynchronous, with a look-up that may fail:
/// let by_look_up = by_extractor(|Extension(user): Extension<SignedIn>| async move {
///     tokio::task::yield_now().await;
///     Ok::<_, std::io::Error>(Some(UserId::from(user.0)))
/// });
///
/// let app = |connect| Router::<()>::new().layer::<KomerzaConnectLayer>(connect);
/// let apps = [
///     app(KomerzaConnectLayer::new(config()?, MemoryStore::default())?.with_user(by_session)),
///     app(KomerzaConnectLayer::new(config()?, MemoryStore::default())?.with_user(by_look_up)),
/// ];
/// for app in apps {
///     let status = Request::get("/komerza/status").extension(SignedIn(7)).body(Body::empty())?;
///     assert_eq!(app.clone().oneshot(status).await?.status(), 200);
///     let without = Request::get("/komerza/status").body(Body::empty())?;
///     assert_eq!(app.oneshot(without).await?.status(), 503); // `Extension` refuses with 500
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn by_extractor<E, A, M, F>(find: F) -> impl IdentifyUser
where
    E: FromRequestParts<()> + Send + 'static,
    F: Fn(E) -> A + Send + Sync + 'static,
    A: Answer<M> + 'static,
    M: 'static,
{
    by_extractor_with_state((), find)
}

/// Same as [`by_extractor`], for an extractor that needs the app's state.
pub fn by_extractor_with_state<S, E, A, M, F>(state: S, find: F) -> impl IdentifyUser
where
    S: Send + Sync + 'static,
    E: FromRequestParts<S> + Send + 'static,
    F: Fn(E) -> A + Send + Sync + 'static,
    A: Answer<M> + 'static,
    M: 'static,
{
    ByExtractor { state, find, types: PhantomData }
}

struct ByExtractor<S, E, A, M, F> {
    state: S,
    find: F,
    #[allow(clippy::type_complexity, reason = "names types and holds nothing")]
    types: PhantomData<fn(E) -> (A, M)>,
}

#[async_trait::async_trait]
impl<S, E, A, M, F> IdentifyUser for ByExtractor<S, E, A, M, F>
where
    S: Send + Sync + 'static,
    E: FromRequestParts<S> + Send + 'static,
    F: Fn(E) -> A + Send + Sync + 'static,
    A: Answer<M> + 'static,
    M: 'static,
{
    async fn identify_user(&self, parts: &mut Parts) -> Result<Option<UserId>, BoxError> {
        let extracted = E::from_request_parts(parts, &self.state).await;
        let extracted = match extracted.map_err(|refusal| refusal.into_response().status()) {
            Ok(extracted) => extracted,
            Err(StatusCode::UNAUTHORIZED) => return Ok(None),
            Err(status) => {
                let name = std::any::type_name::<E>();
                return Err(format!("the extractor {name} refused the request with {status}; is its layer added after KomerzaConnectLayer?").into());
            }
        };
        (self.find)(extracted).answer().await
    }
}

/// What the function of [`by_extractor`] may return: a user, a result, or a future of either.
///
/// The type parameter `M` only separates futures from other values. You never have to write it.
pub trait Answer<M>: Send {
    /// Waits for the answer, if it is a future.
    fn answer(self) -> impl Future<Output = Result<Option<UserId>, BoxError>> + Send;
}

/// Marks an [`Answer`] that is not a future.
#[derive(Debug)]
pub enum Now {}

impl Answer<Now> for Option<UserId> {
    async fn answer(self) -> Result<Option<UserId>, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError> + Send> Answer<Now> for Result<Option<UserId>, E> {
    async fn answer(self) -> Result<Option<UserId>, BoxError> {
        self.map_err(Into::into)
    }
}

impl<T, M> Answer<(M,)> for T
where
    T: Future + Send,
    T::Output: Answer<M>,
{
    async fn answer(self) -> Result<Option<UserId>, BoxError> {
        self.await.answer().await
    }
}
