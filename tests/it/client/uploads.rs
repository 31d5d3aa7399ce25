//! Bodies of calls: bytes, and forms with files.

use super::*;
use http::HeaderValue;
use komerza_connect::api::Form;
use komerza_connect_testing::time::AGES;
use std::error::Error as _;

const CSV: HeaderValue = HeaderValue::from_static("text/csv");

fn limits(limits: &mut Limits) {
    limits.client.upload_bytes = 1_000;
    limits.client.bucket.period = Duration::from_millis(10);
}

fn put(key: &KomerzaKey, content: Vec<u8>) -> impl Future<Output = Result<u32, Error>> + use<> {
    key.put("/import").body(CSV, content).fetch()
}

#[tokio::test]
async fn a_body_is_sent_with_its_length_and_whole_again_after_a_429() {
    let (provider, key) = provided(limits).await;
    provider.on_path_once("/import", Reply::error(429, "RateLimited"));
    provider.on_path("/import", Reply::success(&json!(7)));
    assert_eq!(put(&key, vec![b'7'; 900]).await.unwrap(), 7);
    let sent = provider.requests();
    assert_eq!(sent.len(), 2);
    for request in &sent {
        assert_eq!((request.header("content-length"), request.header("content-type")), (Some("900"), Some("text/csv")));
        assert_eq!(request.body, [b'7'; 900][..]);
    }
}

#[tokio::test]
async fn a_form_mixes_texts_with_files_and_has_one_limit() {
    let (provider, key) = provided(limits).await;
    provider.always(Reply::success(&json!("front.png")));
    let form = |second: usize| {
        Form::new().text("caption", "Front").file("file", "front.png", "image/png", vec![b'f'; 400]).file(
            "file",
            "back.png",
            "image/png",
            vec![b's'; second],
        )
    };
    let upload = |form| key.patch("/stores/s/products/p/images").multipart(form).fetch::<String>();
    // 5 bytes of text, 400 of the first file, and the rest: 1,000 in all.
    assert_eq!(upload(form(595)).await.unwrap(), "front.png");
    let sent = provider.requests().remove(0);
    let count = |letter: u8| sent.body.split(|byte| *byte != letter).map(<[u8]>::len).max().unwrap();
    assert_eq!((count(b'f'), count(b's')), (400, 595));
    assert_eq!(sent.header("content-length").unwrap(), sent.body.len().to_string());
    let refused = upload(form(596)).await.unwrap_err();
    assert_eq!((refused.kind(), provider.requests().len()), (ErrorKind::BadRequest, 1), "{refused:?}");
    let untyped = upload(Form::new().file("file", "front.png", "no type", "x")).await.unwrap_err();
    assert_eq!((untyped.kind(), provider.requests().len()), (ErrorKind::BadRequest, 1), "{untyped:?}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_called_a_bad_request_and_not_sent() {
    let (provider, key) = provided(limits).await;
    provider.always(Reply::success(&json!(7)));
    assert_eq!(put(&key, vec![b'x'; 1_000]).await.unwrap(), 7);
    let error = put(&key, vec![b'x'; 1_001]).await.unwrap_err();
    assert_eq!((error.kind(), provider.requests().len()), (ErrorKind::BadRequest, 1), "{error:?}");
    assert!(error.source().is_some() && !error.may_have_happened() && error.attempts() == 0);
}

#[tokio::test]
async fn a_long_upload_may_have_a_longer_deadline_than_other_calls() {
    let (provider, key) = provided(|_| {}).await;
    provider.always(Reply::hang());
    let error = key.get("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // As much time passes with every answer that comes so late.
    provider.always(Reply::success(&json!(7)).late());
    let patient = key.put("/import").body(CSV, "a").deadline(AGES * 2);
    assert_eq!(patient.fetch::<u32>().await.unwrap(), 7);
}

#[test]
fn t41_an_upload_shows_no_content() {
    let form = Form::new().text("note", "obviously-fake-note").file("f", "n", "text/csv", "obviously-fake-goods");
    let shown = format!("{form:?}");
    assert!(!shown.contains("obviously-fake"), "{shown}");
}
