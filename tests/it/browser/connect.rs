//! The plain way: connect, deny, disconnect.

use super::*;

/// From the app's home page to the provider's consent page.
pub(super) async fn ask(browser: &Browser, app: &str, sandbox: &Provider) {
    browser.goto(app).await;
    browser.click("Connect with Komerza", &format!("{}/auth/authorize", sandbox.dashboard_url())).await;
}

/// The same, and the visitor approves and is back.
pub(super) async fn connect(browser: &Browser, app: &str, sandbox: &Provider) {
    ask(browser, app, sandbox).await;
    browser.click("Approve", app).await;
}

/// A user of the app's own login asks, and approves at Komerza: the address that leads back.
pub(super) async fn approved(browser: &Browser, app: &OwnLogin, sandbox: &Provider) -> String {
    browser.goto(&format!("{}/sign-in/alice", app.url)).await;
    ask(browser, &app.url, sandbox).await;
    sandbox.approve(&browser.url().await).unwrap()
}

/// Follows a link to the login on another site; that site, and the address of the login.
pub(super) async fn follow_a_foreign_link(browser: &Visit, app: &str) -> (Foreign, String) {
    let login = format!("{app}/komerza/login");
    let foreign = Foreign::start(browser, format!("<a href={login}>Free beer</a>")).await;
    browser.goto(&foreign.url).await;
    browser.click("Free beer", &login).await;
    (foreign, login)
}

/// The home page of the quickstart lists the stores, which only a working key can fetch.
pub(super) async fn assert_connected(browser: &Browser) {
    let text = browser.text().await;
    assert!(text.contains("Disconnect"), "{text}");
}

pub(super) async fn assert_not_connected(browser: &Browser) {
    let text = browser.text().await;
    assert!(text.contains("Connect with Komerza") && !text.contains("Disconnect"), "{text}");
}

async fn connect_and_disconnect(browser: Visit) -> String {
    let sandbox = browser.provider().await;
    let app = Quickstart::start(&browser, &sandbox).await;
    browser.goto(&app.url).await;
    assert_not_connected(&browser).await;
    browser.picture("home").await;
    ask(&browser, &app.url, &sandbox).await;
    browser.picture("consent").await;
    browser.click("Approve", &app.url).await;
    assert_connected(&browser).await;
    assert_eq!(browser.url().await, format!("{}/", app.url));
    assert_eq!((sandbox.exchanges(), sandbox.keys().len()), (1, 1));
    browser.picture("connected").await;
    for cookie in browser.cookies().await {
        let name = cookie["name"].as_str().unwrap();
        assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Lax".into()), "{cookie}");
        let secure = browser.front != Front::Http;
        assert_eq!((name.starts_with("__Host-"), &cookie["secure"]), (secure, &secure.into()), "{cookie}");
        assert!(!name.contains("-login-"), "the attempt is used up: {cookie}");
    }
    browser.goto(&format!("{}/api/stores/unknown", app.url)).await;
    browser.answers(404, "This was not found at Komerza.").await;
    browser.is_accessible().await;
    browser.goto(&app.url).await;
    browser.press("Disconnect").await;
    // The address is the same before and after.
    browser.comes_to_say("Connect with Komerza").await;
    assert_not_connected(&browser).await;
    // A page that needs the key leads nobody straight back.
    browser.goto(&format!("{}/api/stores", app.url)).await;
    browser.answers(401, "You are disconnected.").await;
    browser.is_accessible().await;
    assert_eq!(sandbox.keys().len(), 1, "disconnect forgets the key and cannot revoke it");
    "consent page on the other site, approve, home with the stores, 1 exchange; after disconnect home without stores, and the key \
     lives on at the provider, as the docs say"
        .into()
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn a_visitor_connects_and_disconnects() {
    scenario("connect, disconnect").run(connect_and_disconnect).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn in_a_private_window_too() {
    scenario("private window").in_a(Setting::Private).run(connect_and_disconnect).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn a_visitor_who_denies_is_back_where_the_login_began_and_nothing_is_stored() {
    in_the_quickstart("deny", |browser, sandbox, app| async move {
        ask(&browser, &app.url, &sandbox).await;
        browser.click("Deny", &app.url).await;
        assert_eq!(browser.url().await, format!("{}/?komerza=denied", app.url));
        assert_not_connected(&browser).await;
        browser.is_accessible().await;
        browser.goto(&format!("{}/api/stores?komerza=denied", app.url)).await;
        browser.answers(401, "The connection was not approved.").await;
        browser.is_accessible().await;
        assert_eq!(sandbox.exchanges(), 0);
        let cookies = browser.cookies().await;
        let names: Vec<_> = cookies.iter().map(|cookie| cookie["name"].as_str().unwrap()).collect();
        assert!(names.iter().all(|name| name.ends_with("-stay")), "the attempt is used up: {names:?}");
        "back on the home page with komerza=denied; 0 exchanges, no attempt left".into()
    })
    .await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t53_a_form_on_another_site_disconnects_nobody() {
    in_the_quickstart("disconnect by another site", |browser, sandbox, app| async move {
        connect(&browser, &app.url, &sandbox).await;
        let form =
            format!("<form method=post action={}/komerza/disconnect><button>Win a prize</button></form>", app.url);
        let foreign = Foreign::start(&browser, form).await;
        browser.goto(&foreign.url).await;
        browser.click("Win a prize", &app.url).await;
        browser.answers(403, "This request did not come from this site.").await;
        browser.goto(&app.url).await;
        assert_connected(&browser).await;
        "403; still connected".into()
    })
    .await;
}
