//! Authorize, exchange, revoke, and the rules around them.

use super::*;
use komerza_sandbox::{
    App, Approval, Blocked, CodeAlphabet, Deny, ErrorNames, Part, Reconnect, RetryAfter, SandboxError, StoresRoute,
};

#[tokio::test]
async fn an_approval_leads_to_a_key_that_reads_the_stores() {
    let sandbox = sandbox().await;
    let callback = sandbox.approve(&authorize_url(&sandbox, "s1")).unwrap();
    assert!(callback.starts_with(REDIRECT_URI));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("s1"));

    let (status, body) = exchange(&sandbox, &parameter(&callback, "code").unwrap()).await;
    assert_eq!((status, &body["success"], &body["message"]), (200, &true.into(), &().into()));
    let key = body["data"].as_str().unwrap();

    let (status, user) = get(&sandbox, key, "/user").await;
    assert_eq!((status, &user["data"]["email"]), (200, &"ada@sandbox.example".into()));
    assert_eq!(user["data"]["integrations"][0]["application"]["id"], sandbox.client_id());
    sandbox.switch(|switches| switches.stores_route = StoresRoute::Listed);
    let (status, stores) = get(&sandbox, key, "/stores").await;
    assert_eq!((status, stores["data"].as_array().unwrap().len()), (200, 2));
    assert_eq!(stores["data"], user["data"]["stores"]);
    let id = stores["data"][1]["id"].as_str().unwrap();
    let (status, one) = get(&sandbox, key, &format!("/stores/{id}")).await;
    assert_eq!((status, &one["data"]), (200, &stores["data"][1]));
}

#[tokio::test]
async fn each_wrong_exchange_gets_its_documented_error_and_spends_nothing() {
    let sandbox = sandbox().await;
    let code = sandbox.issue_code().unwrap();
    let secret = "x".repeat(72);
    for (app, secret, code, status, name) in [
        ("no-such-app", secret.as_str(), code.as_str(), 404, "app_not_found"),
        (sandbox.client_id(), secret.as_str(), code.as_str(), 401, "invalid_client_secret"),
        (sandbox.client_id(), "", code.as_str(), 401, "invalid_client_secret"),
        (sandbox.client_id(), sandbox.client_secret(), "wrong", 401, "invalid_code"),
    ] {
        let request = http().get(exchange_url(&sandbox, app, code)).header("user-agent", "tests/1.0");
        let (answered, body) = read(request.header("X-Client-Secret", secret).send().await.unwrap()).await;
        assert_eq!((answered, &body["code"], &body["success"]), (status, &name.into(), &false.into()));
    }
    // Only a GET spends the code.
    for method in [Method::HEAD, Method::POST] {
        let request = http().request(method, exchange_url(&sandbox, sandbox.client_id(), &code));
        let request = request.header("user-agent", "t/1").header("x-client-secret", sandbox.client_secret());
        assert_eq!(request.send().await.unwrap().status(), 405);
    }
    assert_eq!(exchange(&sandbox, &code).await.0, 200);
    let other = sandbox.register_app(App::new("Other")).unwrap();
    let of_another_app = sandbox.issue_code_for(other.client_id(), &Approval::everything()).unwrap();
    for wrong in [code, of_another_app] {
        let (status, body) = exchange(&sandbox, &wrong).await;
        assert_eq!((status, &body["code"]), (401, &"invalid_code".into()));
    }
}

#[tokio::test]
async fn a_code_expires_after_a_minute_of_the_injected_clock() {
    let clock = ManualClock::default();
    let sandbox = builder().clock(clock.clone()).start().await.unwrap();
    let (in_time, late) = (sandbox.issue_code().unwrap(), sandbox.issue_code().unwrap());
    clock.advance(Duration::from_secs(60));
    assert_eq!(exchange(&sandbox, &in_time).await.0, 200);
    clock.advance(Duration::from_millis(1));
    let (status, body) = exchange(&sandbox, &late).await;
    assert_eq!((status, &body["code"]), (401, &"code_expired".into()));
}

#[tokio::test]
async fn statuses_and_names_of_the_exchange_can_be_set() {
    let sandbox = sandbox().await;
    sandbox.switch(|switches| {
        switches.exchange_statuses.invalid_code = StatusCode::FORBIDDEN;
        switches.exchange_error_names = ErrorNames::PascalCase;
    });
    let (status, body) = exchange(&sandbox, "wrong").await;
    assert_eq!((status, &body["code"]), (403, &"InvalidCode".into()));
    sandbox.switch(|switches| switches.exchange_error_names = ErrorNames::Absent);
    assert_eq!(exchange(&sandbox, "wrong").await.1.get("code"), None);
}

#[tokio::test]
async fn codes_of_every_alphabet_survive_the_path_when_they_are_encoded() {
    let sandbox = sandbox().await;
    for alphabet in
        [CodeAlphabet::UrlSafe, CodeAlphabet::Base64, CodeAlphabet::Hostile, CodeAlphabet::Custom("äß€/".to_owned())]
    {
        sandbox.switch(|switches| switches.code_alphabet = alphabet.clone());
        let callback = sandbox.approve(&authorize_url(&sandbox, "s")).unwrap();
        let code = parameter(&callback, "code").unwrap();
        assert_eq!(code.chars().count(), 48);
        assert_eq!(exchange(&sandbox, &code).await.0, 200, "{alphabet:?} {code}");
    }
}

#[tokio::test]
async fn without_a_user_agent_nothing_is_answered() {
    let sandbox = sandbox().await;
    let code = sandbox.issue_code().unwrap();
    let url = exchange_url(&sandbox, sandbox.client_id(), &code);
    let request = || http().get(url.clone()).header("x-client-secret", sandbox.client_secret());
    let (status, body) = read(request().send().await.unwrap()).await;
    assert_eq!((status, &body["code"]), (403, &"AccessDenied".into()));
    sandbox.switch(|switches| switches.missing_user_agent = Blocked::HtmlPage);
    let response = request().send().await.unwrap();
    assert_eq!(response.status(), 403);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    sandbox.switch(|switches| switches.missing_user_agent = Blocked::Closed);
    assert!(request().send().await.is_err());
    assert_eq!(exchange(&sandbox, &code).await.0, 200);
}

#[tokio::test]
async fn a_revoked_or_unknown_key_gets_bad_token() {
    let sandbox = sandbox().await;
    let (key, other) = (sandbox.issue_key().unwrap(), sandbox.issue_key().unwrap());
    assert_ne!(key, other);
    assert!(sandbox.revoke(&key));
    for dead in [key.as_str(), "obviously-fake-key", ""] {
        let (status, body) = get(&sandbox, dead, "/user").await;
        assert_eq!((status, &body["code"]), (401, &"BadToken".into()));
    }
    assert_eq!(get(&sandbox, &other, "/user").await.0, 200);
    assert_eq!(sandbox.revoke_all(), 1);
    assert_eq!(get(&sandbox, &other, "/user").await.0, 401);
}

#[tokio::test]
async fn scopes_and_stores_that_were_not_granted_are_refused() {
    let sandbox = builder().accounts(2).start().await.unwrap();
    let stores = sandbox.store_ids(0);
    let approval = Approval::everything().stores([&stores[0]]).without_scope("user.view");
    let key = sandbox.issue_key_for(sandbox.client_id(), &approval).unwrap();
    for (path, status, code) in [
        ("/user".to_owned(), 403, "AccessDenied"),
        (format!("/stores/{}", stores[1]), 403, "AccessDenied"),
        (format!("/stores/{}", sandbox.store_ids(1)[0]), 403, "AccessDenied"),
        ("/stores/00000000-0000-4000-8000-000000000000".to_owned(), 404, "NotFound"),
        ("/user/passkeys".to_owned(), 401, "OAuthLoginRequired"),
        ("/no/such/endpoint".to_owned(), 404, "NotFound"),
    ] {
        let (answered, body) = get(&sandbox, &key, &path).await;
        assert_eq!((answered, &body["code"]), (status, &code.into()), "{path}");
    }
    sandbox.switch(|switches| switches.stores_route = StoresRoute::Listed);
    let (status, list) = get(&sandbox, &key, "/stores").await;
    assert_eq!((status, list["data"].as_array().unwrap().len()), (200, 1));
    assert_eq!(get(&sandbox, &key, &format!("/stores/{}/permissions", stores[0])).await.0, 200);
}

#[tokio::test]
async fn the_list_of_stores_can_be_missing() {
    let sandbox = sandbox().await;
    let key = sandbox.issue_key().unwrap();
    let answered = async || {
        let answer = call(&sandbox, &key, Method::GET, "/stores").send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().is_empty())
    };
    assert_eq!(answered().await, (405, true), "as the API's own description suggests");
    sandbox.switch(|switches| switches.stores_route = StoresRoute::NotFound);
    assert_eq!(answered().await, (404, false));
}

#[tokio::test]
async fn a_second_connection_can_give_the_same_key_or_kill_the_old_one() {
    let sandbox = sandbox().await;
    let first = sandbox.issue_key().unwrap();
    sandbox.switch(|switches| switches.reconnect = Reconnect::SameKey);
    assert_eq!(sandbox.issue_key().unwrap(), first);
    sandbox.switch(|switches| switches.reconnect = Reconnect::ReplaceKey);
    let second = sandbox.issue_key().unwrap();
    assert_eq!(get(&sandbox, &first, "/user").await.0, 401);
    assert_eq!(get(&sandbox, &second, "/user").await.0, 200);
    assert_eq!(sandbox.keys(), [second]);
}

#[tokio::test]
async fn the_key_limit_lets_twelve_through_and_four_more_every_two_seconds() {
    let clock = ManualClock::default();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    let key = sandbox.issue_key().unwrap();
    let mut statuses = Vec::new();
    for _ in 0..13 {
        statuses.push(get(&sandbox, &key, "/user").await.0);
    }
    assert_eq!(statuses, [vec![200; 12], vec![429]].concat());
    clock.advance(Duration::from_secs(2));
    for expected in [200, 200, 200, 200, 429] {
        assert_eq!(get(&sandbox, &key, "/user").await.0, expected);
    }
    assert_eq!(get(&sandbox, &sandbox.issue_key().unwrap(), "/user").await.0, 200);
}

#[tokio::test]
async fn the_anonymous_limit_covers_the_exchange_and_says_when_to_return() {
    let clock = ManualClock::default();
    let sandbox = Sandbox::builder().clock(clock.clone()).start().await.unwrap();
    for _ in 0..10 {
        assert_eq!(exchange(&sandbox, "wrong").await.0, 401);
    }
    clock.advance(Duration::from_millis(500));
    let code = sandbox.issue_code().unwrap();
    let url = exchange_url(&sandbox, sandbox.client_id(), &code);
    let request =
        || http().get(url.clone()).header("user-agent", "t/1").header("x-client-secret", sandbox.client_secret());
    let response = request().send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    sandbox.switch(|switches| switches.retry_after = RetryAfter::HttpDate);
    let response = request().send().await.unwrap();
    let date = httpdate::parse_http_date(response.headers()["retry-after"].to_str().unwrap()).unwrap();
    assert!(date >= clock.now() + Duration::from_millis(6500) - Duration::from_secs(1));
    sandbox.switch(|switches| switches.retry_after = RetryAfter::Absent);
    assert!(!request().send().await.unwrap().headers().contains_key("retry-after"));
    clock.advance(Duration::from_millis(6500));
    assert_eq!(request().send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_can_come_back_with_an_error_with_the_state_alone_or_never_and_a_wrong_login_is_refused() {
    let sandbox = sandbox().await;
    let url = authorize_url(&sandbox, "s&1");
    let callback = sandbox.deny(&url).unwrap().unwrap();
    assert_eq!(callback, format!("{REDIRECT_URI}?error=access_denied&state=s%261"));
    sandbox.switch(|switches| switches.deny = Deny::StateOnly);
    assert_eq!(sandbox.deny(&url).unwrap().unwrap(), format!("{REDIRECT_URI}?state=s%261"));
    sandbox.switch(|switches| switches.deny = Deny::NeverReturn);
    assert_eq!(sandbox.deny(&url).unwrap(), None);
    // A login for an unknown app or address is refused.
    let url = authorize_url(&sandbox, "s");
    for wrong in [
        url.replace(sandbox.client_id(), "other"),
        url.replace("%2Fcallback", "%2Fcallback%2F"),
        url.replace("/auth/authorize", "/auth/other"),
        url.replace("client_id=", "id="),
        "no url".to_owned(),
    ] {
        assert!(matches!(sandbox.approve(&wrong), Err(SandboxError::Refused(_))), "{wrong}");
    }
    sandbox.register_redirect_uri("http://127.0.0.1:3000/komerza/callback/").unwrap();
    assert!(sandbox.approve(&url.replace("%2Fcallback", "%2Fcallback%2F")).is_ok());
}

#[tokio::test]
async fn requests_are_recorded_in_order_with_headers_and_status() {
    let sandbox = sandbox().await;
    let key = sandbox.issue_key().unwrap();
    exchange(&sandbox, "wrong").await;
    get(&sandbox, &key, "/user?x=1").await;
    let requests = sandbox.requests();
    assert_eq!((sandbox.request_count(), sandbox.exchanges(), requests.len()), (2, 1, 2));
    assert_eq!((requests[0].part, requests[1].part), (Part::Exchange, Part::Api));
    assert_eq!(requests[0].header("x-client-secret"), Some(sandbox.client_secret()));
    assert_eq!((requests[1].path.as_str(), requests[1].query.as_deref()), ("/user", Some("x=1")));
    assert_eq!(requests[0].status.unwrap(), 401);
    assert_eq!(requests[1].status.unwrap(), 200);
}

#[tokio::test]
async fn only_loopback_addresses_are_served_and_a_stopped_sandbox_frees_its_port() {
    let refused = Sandbox::builder().address("0.0.0.0:0".parse().unwrap()).start().await.unwrap_err();
    assert!(matches!(refused, SandboxError::NotLoopback(_)), "{refused}");
    let first = sandbox().await;
    let address = first.url().trim_start_matches("http://").parse().unwrap();
    let taken = Sandbox::builder().address(address).start().await.unwrap_err();
    assert!(matches!(taken, SandboxError::Bind(..)), "{taken}");
    first.stop().await;
    let again = Sandbox::builder().address(address).start().await.unwrap();
    assert_eq!(again.url(), format!("http://{address}"));
}

#[tokio::test]
async fn the_dashboard_can_live_on_another_host_than_the_api() {
    let sandbox = builder().separate_dashboard().start().await.unwrap();
    assert!(sandbox.dashboard_url().starts_with("http://localhost:"));
    assert_ne!(sandbox.dashboard_url(), sandbox.api_url());
    let page = |url: String| async move { http().get(url).send().await.unwrap().status().as_u16() };
    assert_eq!(page(authorize_url(&sandbox, "s")).await, 200);
    assert_eq!(page(format!("{}/auth/authorize", sandbox.api_url())).await, 404);
    assert_eq!(page(format!("{}/user", sandbox.dashboard_url())).await, 404);
    assert_eq!(exchange(&sandbox, &sandbox.issue_code().unwrap()).await.0, 200);
}
