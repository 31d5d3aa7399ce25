//! Section C, second part: requests that are not what they seem (T27 to T30).

use crate::prelude::*;

#[tokio::test]
async fn t27_tricks_with_parameters_are_refused_and_the_login_stays_usable() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let s = &login.state;
        let queries = "code=a&code=b&state=STATE code=a&code=a&state=STATE code=a&error=access_denied&state=STATE \
                       code=%ff&state=STATE code=%&state=STATE code=%zz&state=STATE code=a%20b&state=STATE \
                       code=a%00&state=STATE code=%c3%a9&state=STATE code=LONG&state=STATE error=a&error=b&state=STATE \
                       error=%ff&state=STATE code=a&state=STATE&state=STATE code=a&state=STATE&state=other \
                       code=a&state=%ff&state=STATE code=a&state=%ffSTATE code=a&state=STATE%20 code=a&state=+STATE \
                       code=a&state[]=STATE code=a&State=STATE code=a&%73tate=STATE code=a;state=STATE";
        for query in queries.split(' ') {
            let query = query.replace("STATE", s).replace("LONG", &"a".repeat(8_001));
            let page = shop.refuses(&alice, &query, 400).await;
            assert!(page.text().contains("Start again"), "{query}");
        }
        let filler = format!("code=a&state={s}&x=");
        let long = format!("{filler}{}", "x".repeat(8_193 - filler.len()));
        shop.refuses(&alice, &long, 414).await;
        // Names that are not ours are not looked at, whatever they hold; and this is the longest query that is allowed.
        let odd = format!("a=%ff&a=1&code_=x&{}&x=", login.with("CA"));
        let longest = format!("{odd}{}", "x".repeat(8_192 - odd.len()));
        shop.accepts_load(&alice, shop.returning(&longest), "CA", "/x").await;
    }
}

#[tokio::test]
async fn t27_a_plus_sign_and_all_that_a_path_could_misread_reach_the_provider_as_they_are() {
    for (sent, code) in [
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("a%2Fb%3F%23%25", "a/b?#%"),
        ("a=b==", "a=b=="),
        ("..a", "..a"),
        ("a;b,c'%22%3C", "a;b,c'\"<"),
        (&"c".repeat(8_000), &"c".repeat(8_000)),
    ] {
        let (shop, alice, login) = Shop::with_login(Mode::Users, "alice", "/x").await;
        shop.accepts_load(&alice, shop.returning(&login.with(sent)), code, "/x").await;
    }
}

#[tokio::test]
async fn t28_only_the_named_methods_run_a_route() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        let others = |allowed: &'static str| {
            let methods =
                ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X-ODD"];
            methods.into_iter().filter(move |method| !allowed.split(", ").any(|allowed| allowed == *method))
        };
        let callback = format!("{CALLBACK}?{}", login.with("CA"));
        for (url, allowed) in [(&*callback, "GET"), (LOGIN, "GET, POST"), (DISCONNECT, "POST"), (STATUS, "GET")] {
            for method in others(allowed) {
                let load = Load::link(SITE, url).method(method.parse::<Method>().unwrap());
                let hop = shop.refuses_load(&alice, load, 405).await;
                assert_eq!(hop.header("allow"), Some(allowed), "{method} {url}");
            }
        }
        shop.accepts(&alice, &login, "CA", "/x").await;
    }
}

/// Sends bytes, reads to the end.
async fn raw(shop: &Shop, request: String) -> String {
    let address = shop.origin.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn t28_a_head_request_on_the_wire_spends_nothing() {
    let shop = Shop::builder(Mode::Users).still().over_sockets().open().await;
    let (alice, login) = shop.login_of("alice", "/x").await;
    let cookie = format!("{}={}", login.cookie, alice.jar().get(&login.cookie).unwrap());
    let request = |method: &str| {
        format!(
            "{method} /komerza/callback?{} HTTP/1.1\r\nHost: x\r\nx-test-user: alice\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
            login.with("CA")
        )
    };
    let head = raw(&shop, request("HEAD")).await;
    assert!(head.starts_with("HTTP/1.1 405 ") && head.to_ascii_lowercase().contains("\r\nallow: get\r\n"), "{head}");
    assert!(shop.provider.requests().is_empty());
    let get = raw(&shop, request("GET")).await;
    assert!(get.starts_with("HTTP/1.1 303 ") && get.to_ascii_lowercase().contains("\r\nlocation: /x\r\n"), "{get}");
    assert_eq!(shop.exchanges_of("CA"), 1);
}

#[tokio::test]
async fn t29_what_is_loaded_ahead_of_the_user_spends_nothing() {
    for (shop, alice, login) in in_both(|mode| Shop::with_login(mode, "alice", "/x")).await {
        for (name, value) in [
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;anonymous-client-ip"),
            ("sec-purpose", "Prefetch"),
            ("purpose", "prefetch"),
            ("purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            let hop = shop.refuses_load(&alice, shop.returning(&login.with("CA")).header(name, value), 503).await;
            assert!(hop.header("cache-control") == Some("no-store") && hop.set_cookies().is_empty());
            for url in [LOGIN, STATUS] {
                shop.refuses_load(&alice, Load::typed(url).header(name, value), 503).await;
            }
        }
        // And as browsers do it.
        let url = format!("{CALLBACK}?{}", login.with("CA"));
        for load in
            [Load::prerender(&url), Load::prefetch(SITE, &url), Load::link_prefetch(SITE, &url), Load::prerender(LOGIN)]
        {
            shop.refuses_load(&alice, load.clone(), 503).await;
            shop.refuses_load(&alice.clone().without_fetch_metadata(), load, 503).await;
        }
        shop.accepts(&alice, &login, "CA", "/x").await;
    }
}

#[tokio::test]
async fn t30_without_an_app_user_a_login_sets_no_cookie_and_leads_nowhere() {
    let (shop, crawler) = Shop::with_browser(Mode::Users, "").await;
    crawler.remove_header("x-test-user");
    for load in [Load::typed(LOGIN), Load::link("https://search.example/", LOGIN), Load::form(SITE, LOGIN, "")] {
        for load in [load.clone(), load.header("sec-fetch-mode", "navigate")] {
            let hop = shop.refuses_load(&crawler, load, 401).await;
            assert!(hop.set_cookies().is_empty());
        }
    }
    let bare = shop.browser("").without_fetch_metadata();
    bare.remove_header("x-test-user");
    shop.refuses_load(&bare, Load::typed(LOGIN).header("accept", "*/*"), 401).await;
    assert!(flow_cookies(&crawler).is_empty());
}
