//! The ways of a visitor: asked first, refused at Komerza, sent to sign in.

use super::harness::{AUTHORIZE, EVIL, LOGIN, Mode, SITE, Shop, USER, flow_cookies, started};
use komerza_connect_testing::browser::{Form, Load};
use url::Url;

#[tokio::test]
async fn the_confirm_page_asks_and_its_button_starts_the_login() {
    for mode in Mode::BOTH {
        let shop = Shop::new(mode).await;
        for browser in [shop.browser("alice"), shop.browser("alice").without_fetch_metadata()] {
            let page = browser.click(EVIL, &format!("{LOGIN}?return_to=%2Fx%3Fa%3Db")).await.first().clone();
            assert_eq!((page.status(), page.set_cookies().len(), page.location()), (200, 0, None));
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            let policy = page.header("content-security-policy").unwrap();
            assert!(policy.contains("form-action 'self' https://dashboard.komerza.com;"), "{policy}");
            let html = page.text();
            assert!(html.contains("<html lang=\"en\">") && html.contains("name=\"viewport\""), "{html}");
            assert!(html.contains("Another site sent you here"), "{html}");
            let [form] = &Form::all(&html)[..] else { panic!("one form: {html}") };
            assert_eq!((form.method.as_str(), form.fields.len()), ("post", 0));

            let visit = browser.submit(&page).await;
            let login = started(visit.first().clone());
            assert!(visit.stopped_before.unwrap().as_str().starts_with(AUTHORIZE));
            let code = format!("C{}", flow_cookies(&browser).len());
            let hop = browser.load(shop.returning(&login.with(&code))).await.first().clone();
            assert_eq!((hop.status(), hop.location()), (303, Some("/x?a=b")));
        }
    }
}

#[tokio::test]
async fn both_ways_of_saying_no_lead_back_with_a_fixed_marker() {
    for mode in Mode::BOTH {
        for (path, marked) in
            [("/x", "/x?komerza=denied"), ("/x?a=b", "/x?a=b&komerza=denied"), ("/x%23f", "/x?komerza=denied#f")]
        {
            for no in ["error=access_denied&", "error=access_denied&error_description=No+thanks&", "error=&", ""] {
                let shop = Shop::new(mode).await;
                let alice = shop.browser("alice");
                let (other, login) = (shop.start(&alice, "/other").await, shop.start(&alice, path).await);
                let before = shop.mark();
                let hop = shop.callback(&alice, &format!("{no}state={}", login.state)).await;
                assert_eq!((hop.status(), hop.location()), (303, Some(marked)), "{no}");
                assert_eq!(shop.mark(), before);
                assert_eq!(flow_cookies(&alice), [&*other.cookie], "its own cookie is used up, and no other");
                // It is used up: the code that comes after the no is refused.
                shop.refuses(&alice, &login.with("C1"), 400).await;
                shop.accepts(&alice, &other, "C2", "/other").await;
            }
        }
    }
}

#[tokio::test]
async fn a_no_without_a_login_of_this_browser_is_no_answer_to_anything() {
    let shop = Shop::new(Mode::App).await;
    let alice = shop.browser("alice");
    for query in ["error=access_denied", "", "error=access_denied&state=junk"] {
        shop.refuses(&alice, query, 400).await;
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_comes_back_to_the_login() {
    let shop = Shop::with(Mode::App, |config| config.sign_in_page("/sign-in?lang=en"), |layer| layer).await;
    let alice = shop.browser("alice");
    alice.remove_header(USER);
    let hop = alice.load(Load::link(SITE, &format!("{LOGIN}?return_to=/x")).stop_at_first()).await.first().clone();
    let location = hop.location().unwrap();
    assert!(location.starts_with("/sign-in?lang=en&return_to="), "{location}");
    let url = Url::parse(SITE).unwrap().join(location).unwrap();
    let back = url.query_pairs().find(|(name, _)| name == "return_to").unwrap().1.into_owned();
    // The app signs the user in and follows its own `return_to`.
    alice.set_header(USER, "alice");
    let login =
        started(alice.load(Load::link(url.as_str(), &format!("{SITE}{back}")).stop_at_first()).await.first().clone());
    shop.accepts(&alice, &login, "C1", "/x").await;
}

#[tokio::test]
async fn a_program_is_told_in_json_where_a_person_is_sent_to_sign_in() {
    let shop = Shop::with(Mode::App, |config| config.sign_in_page("/sign-in"), |layer| layer).await;
    let alice = shop.browser("alice").without_fetch_metadata();
    alice.remove_header(USER);
    let load = Load::typed(&format!("{LOGIN}?return_to=/x")).header("accept", "application/json");
    let problem = shop.refuses_load(&alice, load, 401).await.json();
    assert_eq!(problem["code"], "not_signed_in");
    assert_eq!(problem["login_url"], "/komerza/login?return_to=%2Fx");
}

#[tokio::test]
async fn a_session_that_ends_while_the_user_is_at_komerza_loses_nothing() {
    let shop = Shop::with(Mode::App, |config| config.sign_in_page("/sign-in"), |layer| layer).await;
    let alice = shop.browser("alice");
    let login = shop.start(&alice, "/x").await;
    alice.remove_header(USER);
    let before = shop.mark();
    let hop = shop.callback(&alice, &login.with("C1")).await;
    assert!(hop.location().is_some_and(|location| location.starts_with("/sign-in?return_to=")));
    assert_eq!((shop.mark(), hop.set_cookies().len()), (before, 0));
    alice.set_header(USER, "alice");
    shop.accepts(&alice, &login, "C1", "/x").await;
}

/// A visit with everything followed, from the button to the page that the user wanted.
#[tokio::test]
async fn a_connected_user_who_connects_again_has_the_new_key_alone() {
    for mode in Mode::BOTH {
        let shop = Shop::new(mode).await;
        let alice = shop.browser("alice");
        for code in ["C1", "C2", "C3"] {
            let login = shop.start(&alice, "/x").await;
            shop.accepts(&alice, &login, code, "/x").await;
            assert_eq!(shop.store.keys(), [komerza_connect_testing::raw_provider::key_for_code(code)]);
        }
    }
}
