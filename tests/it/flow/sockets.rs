//! The whole way over real sockets: shop, dashboard and API each behind a port of their own.

use super::harness::{Mode, Shop, USER};
use axum::{Json, Router, routing::get};
use komerza_connect::{Error, KomerzaConnectLayer, KomerzaKey, MemoryStore, Store, UserId};
use komerza_connect_testing::{
    browser::{Browser, Load},
    headers::OwnAnswers,
};
use komerza_sandbox::Sandbox;
use tokio::{net::TcpListener, task::JoinHandle};

async fn stores(komerza: KomerzaKey) -> Result<Json<Vec<Store>>, Error> {
    Ok(Json(komerza.stores().await?))
}

/// A shop as its developer writes it, against the sandbox.
async fn shop(mode: Mode) -> (String, Sandbox, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let redirect_uri = format!("{origin}/komerza/callback");
    let sandbox = Sandbox::builder().redirect_uri(&redirect_uri).start().await.unwrap();
    let connect = KomerzaConnectLayer::new(sandbox.config(&redirect_uri).unwrap(), MemoryStore::default()).unwrap();
    let connect = match mode {
        Mode::App => connect.with_user(|parts: &http::request::Parts| {
            parts.headers.get(USER).and_then(|user| UserId::new(user.to_str().ok()?).ok())
        }),
        Mode::Browser => connect,
    };
    let app = Router::new().route("/stores", get(stores)).layer(connect);
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (origin, sandbox, server)
}

fn browser(sandbox: &Sandbox) -> Browser {
    let authorize = format!("{}/auth/authorize", sandbox.dashboard_url());
    Browser::new().with_network().with_header(USER, "alice").with_own_answers(OwnAnswers::authorized_at(&authorize))
}

#[tokio::test]
async fn from_a_page_that_needs_the_key_over_consent_back_to_that_page() {
    for mode in Mode::BOTH {
        let (origin, sandbox, server) = shop(mode).await;
        let alice = browser(&sandbox);
        // The page sends to the login, the login to Komerza's consent page.
        let visit = alice.open(&format!("{origin}/stores?page=1")).await;
        assert_eq!(visit.statuses(), [303, 303, 200]);
        assert!(visit.last().text().contains("decision"), "{}", visit.last().text());
        let back = sandbox.approve(visit.last().url.as_str()).unwrap();
        let visit = alice.click(visit.last().url.as_str(), &back).await;
        assert_eq!(visit.statuses(), [303, 200]);
        assert_eq!(visit.last().url.as_str(), format!("{origin}/stores?page=1"));
        assert_eq!(visit.last().json().as_array().unwrap().len(), 2);
        assert_eq!(sandbox.exchanges(), 1);
        // Once more, with the same callback: reload and back button.
        assert_eq!(alice.click(sandbox.dashboard_url().as_str(), &back).await.statuses(), [303, 200]);
        assert_eq!(sandbox.exchanges(), 1);

        let gone = alice.post(&format!("{origin}/"), &format!("{origin}/komerza/disconnect"), "").await;
        assert_eq!(gone.first().status(), 303);
        let program = alice.load(Load::fetch(&origin, http::Method::GET, &format!("{origin}/stores"))).await;
        assert_eq!((program.first().status(), &program.first().json()["code"]), (401, &"not_connected".into()));
        server.abort();
    }
}

#[tokio::test]
async fn a_user_who_says_no_is_back_in_the_app_with_a_marker() {
    let (origin, sandbox, server) = shop(Mode::Browser).await;
    let alice = browser(&sandbox);
    let consent = alice.open(&format!("{origin}/komerza/login?return_to=/welcome")).await.last().clone();
    let back = sandbox.deny(consent.url.as_str()).unwrap().expect("the sandbox leads back by default");
    let visit = alice.load(Load::link(consent.url.as_str(), &back).stop_at_first()).await;
    assert_eq!((visit.first().status(), visit.first().location()), (303, Some("/welcome?komerza=denied")));
    assert_eq!(sandbox.exchanges(), 0);
    server.abort();
}

#[tokio::test]
async fn the_removed_cookie_is_the_last_one_of_the_answer() {
    // Browsers do not care. curl 7.88 does: it reads its jar file again and finds there what an earlier line had removed.
    for mode in Mode::BOTH {
        let shop = Shop::over_sockets(mode).await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        let set = shop.accepts(&alice, &login, "C1", "/x").await.set_cookies();
        assert!(set.last().unwrap().starts_with(&format!("{}=; Path=/; Max-Age=0;", login.cookie)), "{set:?}");
        assert!(!alice.jar().names().contains(&login.cookie));
    }
}
