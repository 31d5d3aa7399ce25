//! What the exchange sends, and to whom.

use crate::prelude::*;

#[tokio::test]
async fn t31_every_code_is_one_segment_of_the_path_or_is_refused() {
    for shop in in_both(|mode| Shop::builder(mode).open()).await {
        let longest = "c".repeat(8_000);
        let short = "../../stores %2e%2e a?x=1 a#b a/b a\\b ... a;b=c a+b '-- {} ~";
        for code in short.split(' ').chain([longest.as_str()]) {
            let (browser, before) = (shop.browser("alice"), shop.exchanges());
            assert_connected(&shop.connect(&browser, code).await);
            assert_eq!(shop.key(&browser).await, Ok(key_for_code(code)));
            let sent = shop.provider.requests().pop().unwrap();
            assert_eq!((shop.exchanges(), sent.code()), (before + 1, Some(code.as_bytes().to_vec())), "{code}");
            assert!(sent.target.starts_with("/oauth2/obviously-fake-app/exchange/"), "{}", sent.target);
            assert_eq!(sent.target.split('/').count(), 5, "{}", sent.target);
            assert_eq!(sent.query(), None);
        }
    }
}

#[tokio::test]
async fn t31_a_code_that_no_segment_can_carry_is_refused_and_the_attempt_is_still_good() {
    for (shop, browser, state) in in_both(|mode| Shop::with_start(mode, "alice")).await {
        let too_long = "c".repeat(8_001);
        for code in
            [".", "..", "%2e%2E", "a%00b", "%ff", "%", "%4", "a%20b", "a%09b", "%0d%0aX:%20y", "%c3%a9", &too_long]
        {
            let load = Load::link("https://dashboard.komerza.com/", CALLBACK)
                .raw_target(&format!("/komerza/callback?code={code}&state={state}"))
                .stop_at_first();
            let hop = browser.load(load).await.first().clone();
            assert_eq!((hop.status(), shop.watch.last_kind()), (400, Some(FailureKind::MalformedRequest)), "{code:?}");
            assert!(hop.set_cookies().is_empty(), "{code:?}");
        }
        assert!(shop.provider.requests().is_empty() && shop.shelf.calls().is_empty());
        assert_connected(&shop.callback(&browser, "good", &state).await);
    }
}

#[tokio::test]
async fn t32_the_exchange_names_the_app_once_and_nobody_else() {
    let shop = Shop::builder(Mode::Users).open().await;
    assert_connected(&shop.connect(&shop.browser("alice"), "code").await);
    assert_connected(&shop.connect(&shop.browser("bob"), "other-code").await);
    let sent = shop.provider.exchanges();
    for request in &sent {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
        assert_eq!(request.header("x-client-secret"), Some(shop.client_secret.as_str()));
        assert_eq!(request.header("user-agent"), Some("Tests/1.0"));
        for absent in ["referer", "authorization", "cookie", "origin", "accept-encoding"] {
            assert_eq!(request.header(absent), None, "{absent}");
        }
    }
    assert_eq!(sent.len(), 2);
}

/// A stale connection that breaks would leave the outcome of an exchange unknown.
#[tokio::test]
async fn t39_each_exchange_has_a_connection_of_its_own() {
    let shop = Shop::builder(Mode::Users).open().await;
    for code in ["one", "two", "three"] {
        // The provider leaves the connection open.
        assert_connected(&shop.connect(&shop.browser("alice"), code).await);
    }
    let used: HashSet<_> = shop.provider.exchanges().iter().map(|request| request.connection).collect();
    assert_eq!((used.len(), shop.provider.connections()), (3, 3));
}

fn setting_at_fault(config: ConfigBuilder) -> Option<String> {
    config.build().err().map(|error| error.setting().to_owned())
}

#[test]
fn t33_base_urls_are_https_or_loopback_and_nothing_but_a_base() {
    let all = "https://api.example https://api.example/v1/ https://127.0.0.1:8443 http://127.0.0.1:8080 http://[::1]:8080 \
         http://localhost:8080";
    for good in all.split(' ') {
        assert_eq!(setting_at_fault(config().api_url(good)), None, "{good}");
        assert_eq!(setting_at_fault(config().dashboard_url(good)), None, "{good}");
    }
    let all = "http://api.example | http://127.0.0.1.evil.example | http://localhost.evil.example | http://10.0.0.1 | \
         http://0.0.0.0 | https://user@api.example | https://user:obviously-fake@api.example | \
         https://api.example?x=1 | https://api.example#x | ftp://api.example | file:///etc/passwd | api.example | \
         //api.example | https://proxy.example//komerza | https://proxy.example/a//b/ | ";
    for bad in all.split(" | ") {
        assert_eq!(setting_at_fault(config().api_url(bad)).as_deref(), Some("api_url"), "{bad}");
        assert_eq!(setting_at_fault(config().dashboard_url(bad)).as_deref(), Some("dashboard_url"), "{bad}");
    }
}

#[test]
fn t33_what_goes_into_a_header_or_a_path_is_checked_before_anything_is_sent() {
    for bad in ["", "a\r\nb", "a\0b"] {
        assert_eq!(setting_at_fault(config().client_id(bad)).as_deref(), Some("client_id"), "{bad:?}");
        assert_eq!(setting_at_fault(config().user_agent(bad)).as_deref(), Some("user_agent"), "{bad:?}");
        let secret = format!("{bad:s<72}");
        if !bad.is_empty() {
            let error = config().client_secret(&secret).build().unwrap_err();
            assert_eq!(error.setting(), "client_secret");
            assert!(!format!("{error} {error:?}").contains("sss"), "{error:?}");
        }
    }
    assert_eq!(setting_at_fault(config().client_secret("s".repeat(71))).as_deref(), Some("client_secret"));
    for dots in [".", ".."] {
        assert_eq!(setting_at_fault(config().client_id(dots)).as_deref(), Some("client_id"), "{dots}");
    }
}

#[tokio::test]
async fn t33_a_server_without_tls_behind_an_https_address_never_sees_the_secret() {
    let shop = Shop::builder(Mode::Users).open().await;
    let https = shop.provider.url().replace("http://", "https://");
    let mut limits = Limits::default();
    limits.exchange_wait = Duration::ZERO;
    let past_the_connect = limits.exchange_connect_deadline + Duration::from_secs(1);
    let config = config().api_url(https).client_secret(&shop.client_secret).limits(limits).build().unwrap();
    let layer = KomerzaConnectLayer::new(config, MemoryStore::default()).unwrap().with_user(shop.lookup.clone());
    let browser = shop.browser("alice");
    browser.move_to(SITE, Router::new().layer(layer));
    let begun = async {
        while shop.provider.connections() == 0 {
            yield_now().await;
        }
        pass(past_the_connect);
    };
    let (hop, ()) = tokio::join!(shop.connect(&browser, "obviously-fake-code"), begun);
    assert_eq!(hop.status(), 502, "{}", hop.text());
    assert!(shop.provider.requests().is_empty());
    for sent in shop.provider.unfinished() {
        let text = String::from_utf8_lossy(&sent).into_owned();
        assert!(!text.contains(&shop.client_secret) && !text.contains("obviously-fake-code"), "{text}");
    }
}

#[test]
fn t33_nothing_in_the_crate_can_switch_the_verification_of_certificates_off() {
    let mut found = Vec::new();
    crate::measures::sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../src"), &mut found);
    assert!(found.len() > 50, "the sources were not found");
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            assert!(!line.contains("danger"), "{}: {line}", path.display());
        }
    }
}
