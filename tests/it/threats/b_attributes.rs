//! Section B, first part: what the cookies look like (T12, T13). The harness checks the exact form of every one it ever sees.

use crate::prelude::*;

#[tokio::test]
async fn t12_every_cookie_has_exactly_the_attributes_it_needs() {
    let (shop, alice, login) = Shop::with_login(Mode::Browsers, "alice", "/x").await;
    let started = login.hop.set_cookies();
    assert_cookie_form(&started[0], CookieForm::Host, 600);
    let finished = shop.accepts(&alice, &login, "CA", "/x").await.set_cookies();
    let lives = |part: &str, seconds| {
        let line = finished.iter().find(|line| line.contains(part)).unwrap();
        assert_cookie_form(line, CookieForm::Host, seconds);
    };
    lives("-login-", 0);
    lives("-done-", 120);
    lives("-session=", 30 * 24 * 3_600);
    assert_eq!(finished.len(), 3);
    let gone = shop.disconnect(&alice).await.set_cookies();
    assert_cookie_form(&gone[0], CookieForm::Host, 60);
    assert_cookie_form(&gone[1], CookieForm::Host, 0);
    assert_eq!(alice.script_cookies(SITE), "", "script sees none of them");
}

#[tokio::test]
async fn t12_a_sibling_cannot_overwrite_a_cookie_and_neither_plain_http_nor_another_site_carries_it() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    let sibling = "https://blog.shop.example/";
    let line = format!("{}=theirs; Domain=shop.example; Path=/; Secure", login.cookie);
    assert_eq!(alice.script_sets(sibling, &line), Err(Refused::HostPrefix));
    assert_eq!(alice.script_sets(SITE, &format!("{}=x; Secure; Path=/", login.cookie)), Err(Refused::HttpOnlyByScript));
    alice.move_to("http://shop.example", Router::new().fallback(async || "plain"));
    let plain = Load::typed("http://shop.example/komerza-elsewhere");
    for load in [plain, Load::iframe(EVIL, CALLBACK), Load::image(EVIL, CALLBACK), Load::form(EVIL, LOGIN, "")] {
        assert_eq!(alice.load(load.clone()).await.first().sent("cookie"), None, "{load:?}");
    }
    shop.accepts(&alice, &login, "CA", "/x").await;
}

/// The row asks that the builder reject `SameSite=Strict`. There is no setting to say it with; this shows why there is none.
#[tokio::test]
async fn t12_lax_is_what_comes_back_from_komerza_and_strict_would_not() {
    let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
    let mut cookie = alice.jar().all()[0].clone();
    assert_eq!(cookie.same_site, SameSite::Lax);
    let strict = alice.clone();
    cookie.same_site = SameSite::Strict;
    strict.jar().clear();
    strict.jar().set_raw(cookie);
    shop.refuses(&strict, &login.with("CA"), 400).await;
    shop.accepts(&alice, &login, "CA", "/x").await;
}

fn at(redirect_uri: &str) -> Result<Config, komerza_connect::ConfigError> {
    config().redirect_uri(redirect_uri).build()
}

#[tokio::test]
async fn t13_the_redirect_uri_alone_decides_about_the_form_of_a_cookie() {
    for (redirect_uri, form) in [
        ("https://shop.example/komerza/callback", Some(CookieForm::Host)),
        ("https://localhost/komerza/callback", Some(CookieForm::Host)),
        ("https://127.0.0.1:8443/komerza/callback", Some(CookieForm::Host)),
        ("http://localhost/komerza/callback", Some(CookieForm::Loopback)),
        ("http://localhost:3000/komerza/callback", Some(CookieForm::Loopback)),
        ("http://127.0.0.1:3000/komerza/callback", Some(CookieForm::Loopback)),
        ("http://127.8.9.1/komerza/callback", Some(CookieForm::Loopback)),
        ("http://[::1]:3000/komerza/callback", Some(CookieForm::Loopback)),
        ("http://shop.example/komerza/callback", None),
        ("http://localhost.evil.example/komerza/callback", None),
        ("http://127.0.0.1.evil.example/komerza/callback", None),
        ("http://192.168.0.1/komerza/callback", None),
        ("http://0.0.0.0:3000/komerza/callback", None),
        ("http://[::ffff:192.168.0.1]/komerza/callback", None),
        ("ftp://localhost/komerza/callback", None),
    ] {
        let Some(form) = form else {
            let error = at(redirect_uri).expect_err(redirect_uri);
            assert!(error.to_string().contains("redirect_uri"), "{error}");
            continue;
        };
        let layer = KomerzaConnectLayer::new(at(redirect_uri).unwrap(), MemoryStore::default()).unwrap();
        let service = layer.layer(Router::<()>::new());
        // Whatever the request claims about itself.
        for (name, value) in [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
            ("forwarded", "proto=http;host=evil.example"),
            ("host", "evil.example"),
        ] {
            let request = Request::get("/komerza/login").header(name, value).body(Body::empty()).unwrap();
            let response = service.clone().oneshot(request).await.unwrap();
            assert_cookie_form(response.headers()[header::SET_COOKIE].to_str().unwrap(), form, 600);
        }
    }
}

#[tokio::test]
async fn t13_a_browser_without_an_exception_for_loopback_finishes_a_login_on_plain_http() {
    for shop in in_both(|mode| Shop::builder(mode).still().over_sockets().open()).await {
        let safari = shop.browser("alice").without_loopback_exception();
        let login = shop.start(&safari, "/x").await;
        let set = shop.accepts(&safari, &login, "CA", "/x").await.set_cookies();
        // Browsers do not care which is the last one. curl 7.88 does: it reads its jar file again and finds there what an
        // earlier line had removed.
        assert!(set.last().unwrap().starts_with(&format!("{}=; Path=/; Max-Age=0;", login.cookie)), "{set:?}");
        assert!(!safari.jar().names().contains(&login.cookie));
    }
}
