//! The pages, as a browser gets and sends them.

use super::*;
use komerza_sandbox::{App, Deny};
use reqwest::Response;

async fn page(url: &str) -> (Response, String) {
    let response = http().get(url).send().await.unwrap();
    let headers = response.headers().clone();
    let status = response.status();
    let text = response.text().await.unwrap();
    let mut rebuilt = http::Response::new(text.clone());
    (*rebuilt.status_mut(), *rebuilt.headers_mut()) = (status, headers);
    (rebuilt.into(), text)
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn the_consent_page_names_the_app_its_permissions_and_the_stores() {
    let sandbox = builder().app_name("Order printer").scopes(["stores.orders.view"]).start().await.unwrap();
    let (response, text) = page(&authorize_url(&sandbox, "s1")).await;
    assert_eq!(response.status(), 200);
    let all = "Connect Order printer to your Komerza account? | See orders. | Pixel Forge | Night Owl Keys | \
         It is not Komerza | value=\"approve\">Approve</button> | value=\"deny\">Deny</button> | lang=\"en\" | \
         name=\"viewport\"";
    for expected in all.split(" | ") {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    assert_eq!(text.matches("type=\"checkbox\"").count(), 2);
    assert_eq!(text.matches(" checked>").count(), 2);
    assert!(!text.contains("<script"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:3000;"), "{policy}");
}

#[tokio::test]
async fn a_wrong_app_or_address_gets_an_error_page_and_no_redirect() {
    let sandbox = sandbox().await;
    let url = authorize_url(&sandbox, "s");
    for wrong in [
        url.replace(sandbox.client_id(), "other"),
        url.replace("%2Fcallback", "%2Fcallback%2F"),
        url.replace("redirect_uri=", "redirect="),
        format!("{url}&client_id={}", sandbox.client_id()),
    ] {
        let (response, text) = page(&wrong).await;
        assert_eq!(response.status(), 400, "{wrong}");
        assert!(!response.headers().contains_key("location"));
        assert!(text.contains("This cannot go on"));
    }
}

#[tokio::test]
async fn everything_that_an_app_or_a_browser_can_write_is_escaped() {
    let sandbox = sandbox().await;
    let nasty = "\"><script>alert('x')</script>";
    let uri = format!("http://127.0.0.1:3000/cb?{nasty}");
    let app = App::new(nasty).redirect_uri(&uri).scopes([nasty]);
    let app = sandbox.register_app(app).unwrap();
    let query = form(&[("client_id", app.client_id()), ("redirect_uri", &uri), ("state", nasty)]);
    let (response, text) = page(&format!("{}/auth/authorize?{query}", sandbox.dashboard_url())).await;
    assert_eq!(response.status(), 200);
    assert!(!text.contains("<script") && !text.contains("alert('x')"), "{text}");
    assert!(text.contains("&quot;&gt;&lt;script&gt;"));
    let (_, text) = page(&format!("{}/auth/authorize?client_id={nasty}&redirect_uri=x", sandbox.dashboard_url())).await;
    assert!(!text.contains("<script"));
}

#[tokio::test]
async fn pressing_approve_redirects_with_code_and_state_for_the_ticked_stores() {
    let sandbox = sandbox().await;
    let store = &sandbox.store_ids(0)[1];
    let fields = [
        ("client_id", sandbox.client_id()),
        ("redirect_uri", REDIRECT_URI),
        ("state", "s 1"),
        ("account", "0"),
        ("store", store),
        ("decision", "approve"),
    ];
    let url = format!("{}/auth/authorize", sandbox.dashboard_url());
    let response = http().post(&url).body(form(&fields)).send().await.unwrap();
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()["cache-control"], "no-store");
    let callback = response.headers()["location"].to_str().unwrap();
    assert_eq!(parameter(callback, "state").as_deref(), Some("s 1"));
    let (status, body) = exchange(&sandbox, &parameter(callback, "code").unwrap()).await;
    assert_eq!(status, 200);
    let (_, user) = get(&sandbox, body["data"].as_str().unwrap(), "/user").await;
    let ids: Vec<_> = user["data"]["stores"].as_array().unwrap().iter().map(|store| store["id"].clone()).collect();
    assert_eq!(ids, [store.as_str()]);
}

#[tokio::test]
async fn pressing_deny_follows_the_switch() {
    let sandbox = sandbox().await;
    let url = format!("{}/auth/authorize", sandbox.dashboard_url());
    let fields =
        [("client_id", sandbox.client_id()), ("redirect_uri", REDIRECT_URI), ("state", "s"), ("decision", "deny")];
    let response = http().post(&url).body(form(&fields)).send().await.unwrap();
    let location = format!("{REDIRECT_URI}?error=access_denied&state=s");
    assert_eq!(
        (response.status().as_u16(), response.headers()["location"].to_str().unwrap()),
        (303, location.as_str())
    );
    sandbox.switch(|switches| switches.deny = Deny::NeverReturn);
    let response = http().post(&url).body(form(&fields)).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers().get("location")), (200, None));
}

#[tokio::test]
async fn a_form_is_checked_as_strictly_as_the_link() {
    let sandbox = sandbox().await;
    let url = format!("{}/auth/authorize", sandbox.dashboard_url());
    let good = [("client_id", sandbox.client_id()), ("redirect_uri", REDIRECT_URI), ("decision", "approve")];
    for (wrong, status) in [
        (form(&good[..2]), 400),
        (form(&[good[0], ("redirect_uri", "http://127.0.0.1:9/"), good[2]]), 400),
        (form(&[good[0], good[1], good[2], ("account", "7")]), 400),
    ] {
        assert_eq!(http().post(&url).body(wrong).send().await.unwrap().status(), status);
    }
    let cross_site = http().post(&url).body(form(&good)).header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(cross_site.status(), 403);
    let own = http().post(&url).body(form(&good)).header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(own.status(), 303);
}

#[tokio::test]
async fn another_account_can_be_chosen() {
    let sandbox = builder().accounts(2).start().await.unwrap();
    let url = authorize_url(&sandbox, "s");
    let (_, first) = page(&url).await;
    assert!(first.contains("ada@sandbox.example") && first.contains("Use ada1@sandbox.example</a>"));
    let (_, second) = page(&format!("{url}&account=1")).await;
    assert!(second.contains("<strong>ada1@sandbox.example</strong>"));
    assert!(second.contains(&sandbox.store_ids(1)[0]) && !second.contains(&sandbox.store_ids(0)[0]));
}

#[tokio::test]
async fn the_dashboard_lists_keys_by_fingerprint_and_revokes_them() {
    let sandbox = sandbox().await;
    let key = sandbox.issue_key().unwrap();
    let (_, text) = page(&sandbox.dashboard_url()).await;
    assert!(!text.contains(&key));
    let fingerprint = text.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let revoke = format!("{}/revoke", sandbox.dashboard_url());
    let form = form(&[("key", fingerprint)]);
    let foreign = http().post(&revoke).body(form.clone()).header("sec-fetch-site", "same-site").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    assert_eq!(get(&sandbox, &key, "/user").await.0, 200);
    assert_eq!(http().post(&revoke).body(form.clone()).send().await.unwrap().status(), 303);
    assert_eq!(get(&sandbox, &key, "/user").await.0, 401);
    assert_eq!(http().post(&revoke).body(form).send().await.unwrap().status(), 404);
    assert!(page(&sandbox.dashboard_url()).await.1.contains("No app is connected."));
}
