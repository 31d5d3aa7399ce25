//! What users' code may rely on beyond signatures: thread safety, cloning, and that nothing prints a secret.

use crate::prelude::*;
use komerza_connect::api::{RequestBuilder, models::User};
use komerza_connect::config::{AuthorizationCode, ClientSecret, InvalidValue};
use komerza_connect::layer::{Body, KomerzaConnect, KomerzaConnectFuture, NotMounted};
use komerza_connect::{
    ConfigError, Rejection, RejectionKind, Store, hooks::AttemptId, store::KeyFingerprint, user::InvalidUserId, webhook,
};
use std::{fmt::Debug, future::Ready, hash::Hash};

/// May be kept anywhere and shared by all threads.
fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}
fn sent<T: Send + Unpin + Debug + 'static>() {}
fn cloned<T: Clone + Send + Sync + Debug + 'static>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}
fn kind<T: Copy + Eq + Hash + Debug + Send + Sync + 'static>() {}

#[test]
fn types_keep_their_thread_safety_and_their_clones() {
    cloned::<(KomerzaConnectLayer, KomerzaConnect<Router>, KomerzaKey, Config, ConfigBuilder, Limits, Bucket)>();
    cloned::<(MemoryStore, StoredToken, TokenVersion, KeyFingerprint, UserId, AttemptId, ApiKey, ClientSecret)>();
    cloned::<(SealingKey, Store, User, Veto, Connected, Disconnected, Revoked)>();
    cloned::<(Connecting<'static>, webhook::Verifier, webhook::Delivery, ManualClock, SystemClock, SystemRandomness)>();
    error::<webhook::Refused>();
    error::<webhook::Unreadable>();
    error::<Error>();
    error::<ConfigError>();
    error::<StoreError>();
    error::<Failure>();
    error::<Rejection>();
    error::<RandomnessError>();
    error::<InvalidValue>();
    error::<InvalidUserId>();
    error::<Veto>();
    error::<NotMounted>();
    kind::<(webhook::Refused, ErrorKind, FailureKind, RejectionKind, StoreErrorKind)>();
    shared::<(AuthorizationCode, Failure, Rejection, RequestBuilder, Sandbox)>();
    sent::<KomerzaConnectFuture<Ready<()>>>();
}

#[test]
fn a_store_may_be_chosen_at_run_time() {
    fn store<T: TokenStore>() {}
    store::<Box<dyn TokenStore>>();
    store::<Arc<dyn TokenStore>>();
    store::<Arc<MemoryStore>>();
}

#[test]
fn futures_of_the_client_and_the_layer_can_be_spawned() {
    fn spawnable<T: Send + 'static>(_: impl FnOnce(KomerzaKey, KomerzaConnectLayer) -> T) {}
    spawnable(|key, _| async move { key.user().await });
    spawnable(|key, _| async move { key.stores().await });
    spawnable(|key, _| async move { key.get("/user").send().await });
    spawnable(|_, layer| async move { layer.client_for(&UserId::from(7)).await });
    spawnable(|_, layer| async move { layer.disconnect(&UserId::from(7)).await });
    spawnable(|_, layer| async move { layer.shutdown(Duration::ZERO).await });
    spawnable(|_, layer| async move {
        let mut parts = http::Request::<()>::default().into_parts().0;
        drop(layer);
        KomerzaKey::from_parts(&mut parts).await
    });
}

#[test]
fn a_body_can_be_made_of_what_is_at_hand() {
    let _: [Body; 4] = ["text".into(), String::new().into(), Vec::new().into(), Bytes::new().into()];
}

/// Bytes that are known beforehand, to be looked for.
#[derive(Debug)]
struct Known;

impl Randomness for Known {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        bytes.fill(0xa5);
        Ok(())
    }
}

#[tokio::test]
async fn t41_no_debug_form_shows_a_secret() {
    let secret = "obviously-fake-client-secret-of-72-characters-obviously-fake-client-secr";
    let key_text = "obviously-fake-api-key-obviously-fake-api-key";
    let code_text = "obviously-fake-code";
    let sealing = "obviously-fake-sealing-key-32-bytes";
    let builder = Config::builder()
        .client_id("00000000-0000-4000-8000-000000000000")
        .client_secret(secret)
        .redirect_uri("https://shop.example/komerza/callback")
        .user_agent("PublicApiTests/1.0")
        .cookie_keys([SealingKey::from_bytes(sealing.as_bytes()).unwrap()]);
    let config = builder.clone().build().unwrap();
    let (store, alice) = (MemoryStore::default(), user("alice"));
    let token = record(key_text);
    store.save(&alice, &token).await.unwrap();
    let connect = KomerzaConnectLayer::new(config.clone(), store.clone()).unwrap().with_randomness(Known);
    let key = connect.client_for(&alice).await.unwrap().unwrap();
    let wrong_secret = Config::builder().client_secret(format!("{secret}-too-long"));
    let wrong_secret =
        wrong_secret.client_id("x").redirect_uri("https://shop.example/cb").user_agent("x").build().unwrap_err();

    let shown = [
        format!("{builder:?} {config:?} {connect:?} {:?}", connect.layer(Router::<()>::new())),
        format!("{:#?} {:#?}", config, connect),
        format!("{store:?} {token:?} {:?} {:?}", token.version(), token.fingerprint()),
        format!("{key:?} {:?} {:?}", key.api_key(), key.get("/user")),
        format!("{:?}", AuthorizationCode::new(code_text).unwrap()),
        format!("{:?} {:?}", ClientSecret::new(secret).unwrap(), SealingKey::from_bytes(sealing.as_bytes()).unwrap()),
        format!("{wrong_secret:?} {wrong_secret}"),
        format!("{:?} {:?}", ClientSecret::new("obviously-fake-client-secret"), ApiKey::new("obviously fake-api-key")),
        format!("{:?}", StoredToken::from_text(&token.to_text().replace("format", "f")).unwrap_err()),
    ];
    for text in &shown {
        for secret in ["fake-client-secret", "fake-api-key", "fake-code", "fake-sealing-key"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        let bytes = format!("{:?}", sealing.as_bytes());
        assert!(!text.contains(bytes.trim_matches(['[', ']'])), "the bytes of the sealing key in {text}");
    }
    assert!(shown[0].contains("shop.example"), "it is told which app it is: {}", shown[0]);
}

/// What `komerza_connect::` itself has. At most 24: everything else is in a module.
const ROOT: &str = "ApiKey Config ConfigBuilder ConfigError Error ErrorKind Failure FailureKind Hooks IdentifyUser KomerzaConnectLayer KomerzaKey MemoryStore Rejection RejectionKind SealingKey Store StoreError StoredToken TokenStore TokenVersion UserId async_trait";

#[test]
fn the_root_has_the_names_that_are_written_down_and_no_more() {
    let source = include_str!("../../src/lib.rs");
    let mut found: Vec<&str> = source
        .split(';')
        .filter_map(|item| item.trim().rsplit_once("pub use ").map(|(_, path)| path))
        .flat_map(|path| path.rsplit("::").next().unwrap().trim_matches(['{', '}']).split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ROOT.split_whitespace().collect::<Vec<_>>());
    assert!(found.len() <= 24);
    assert!(!source.contains("pub use") || !source.contains("::*"), "a glob names nothing");
    let items = ["pub struct ", "pub enum ", "pub fn ", "pub trait ", "pub type ", "pub const ", "#[macro_export]"];
    let defined = source.lines().find(|line| items.iter().any(|item| line.starts_with(item)));
    assert_eq!(defined, None, "the root defines nothing itself");
}
