//! The key goes to the configured API and nowhere else.

use crate::prelude::*;

async fn connected_client(shop: &Shop) -> KomerzaKey {
    assert_connected(&shop.connect(&shop.browser("alice"), "code").await);
    shop.layer.client_for(&user("alice")).await.unwrap().unwrap()
}

#[tokio::test]
async fn t45_a_path_that_leads_elsewhere_is_an_error_and_nothing_is_sent() {
    let (shop, foreign) = (Shop::builder(Mode::Users).open().await, RawProvider::start().await);
    let client = connected_client(&shop).await;
    let sent = shop.provider.requests().len();
    let host = foreign.address();
    let paths = "http://HOST/x //HOST/x /\\HOST/x \\\\HOST\\x @HOST/x :80@HOST/x https://evil.example/x /stores/..%2f..%2fuser \
                 /stores/../user /stores/%2e%2E/user /stores/.%2e/user stores";
    for path in paths.split(' ').chain(["", "/a\r\nHost: evil.example"]) {
        let path = path.replace("HOST", &host.to_string());
        let error = client.get(&path).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{path:?}");
    }
    assert_eq!(client.store("..").await.unwrap_err().kind(), ErrorKind::BadRequest);
    let of_another = client.get("/thing").header(http::header::AUTHORIZATION, "Bearer other").send().await;
    assert_eq!(of_another.unwrap_err().kind(), ErrorKind::BadRequest);
    assert_eq!((shop.provider.requests().len(), foreign.connections()), (sent, 0));
}

#[tokio::test]
async fn t45_an_id_is_one_segment_of_the_path_or_an_error() {
    let shop = Shop::builder(Mode::Users).open().await;
    let client = connected_client(&shop).await;
    for id in ["../user", "..%2f..%2fuser", "a/b", "a?x=1", "a#b", "a\\b", "%2e%2e", "é", "."] {
        let before = shop.provider.requests().len();
        let _refused = client.store(id).await.unwrap_err();
        let sent = shop.provider.requests();
        let Some(request) = sent.get(before) else { continue };
        let segment = request.target.strip_prefix("/stores/").unwrap_or_else(|| panic!("{id}: {}", request.target));
        let decoded: Vec<u8> = percent_encoding::percent_decode_str(segment).collect();
        assert_eq!(decoded, id.as_bytes(), "{}", request.target);
        assert!(!segment.contains(['/', '?']), "{}", request.target);
    }
    let before = shop.provider.requests().len();
    for id in ["", "..", "."] {
        assert!(client.store(id).await.is_err());
    }
    assert_eq!(shop.provider.requests().len(), before, "an id that no segment can carry is not sent");
}

#[tokio::test]
async fn t45_a_redirect_is_not_followed_and_the_key_travels_as_a_bearer() {
    let (shop, foreign) = (Shop::builder(Mode::Users).open().await, RawProvider::start().await);
    let client = connected_client(&shop).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [format!("{}/user", foreign.url()), "/elsewhere".into()] {
            shop.provider.on_path("/user", Reply::with_headers(status, &[("Location", &location)], ""));
            let before = shop.provider.requests().len();
            assert!(client.user().await.is_err(), "{status}");
            let sent = shop.provider.requests();
            assert!(sent[before..].iter().all(|request| request.path() == "/user"), "{status} {location}");
        }
    }
    assert_eq!(foreign.connections(), 0);
    // The key travels as a bearer, and the client secret not at all.
    shop.provider.on_path("/echo", Reply::success(&json!("fine")));
    let _answer: String = client.get("/echo").fetch().await.unwrap();
    let sent = shop.provider.requests().pop().unwrap();
    assert_eq!(sent.header("authorization"), Some("Bearer obviously-fake-key-for-code"));
    assert_eq!((sent.header("x-client-secret"), sent.header("referer"), sent.header("cookie")), (None, None, None));
}
