//! Bodies that are too long for memory: files and streams.

use super::{App, provided};
use crate::prelude::*;
use bytes::Bytes;
use futures_core::Stream;
use http::HeaderValue;
use komerza_connect::{
    Error,
    api::{Form, Upload},
};
use komerza_connect_testing::time::AGES;
use std::{
    error::Error as _,
    io::{self, Write},
    task::Context,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

const CSV: HeaderValue = HeaderValue::from_static("text/csv");

type Piece = io::Result<Bytes>;

/// What is sent into a channel, as a stream.
struct Pieces(mpsc::UnboundedReceiver<Piece>);

impl Stream for Pieces {
    type Item = Piece;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.0.poll_recv(task)
    }
}

fn channel() -> (mpsc::UnboundedSender<Piece>, Pieces) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Pieces(receiver))
}

fn pieces(all: impl IntoIterator<Item = &'static str>) -> Pieces {
    let (sender, pieces) = channel();
    all.into_iter().for_each(|piece| sender.send(Ok(Bytes::from_static(piece.as_bytes()))).unwrap());
    pieces
}

fn limits(limits: &mut Limits) {
    limits.client.upload_bytes = 1_000;
    limits.client.bucket.period = Duration::from_millis(10);
}

fn put(key: &KomerzaKey, upload: Upload) -> impl Future<Output = Result<u32, Error>> + use<> {
    key.put("/import").body(CSV, upload).fetch()
}

#[tokio::test]
async fn a_stream_reaches_the_provider_while_it_is_still_being_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let app = App::at(&format!("http://{}", listener.local_addr().unwrap()), limits);
    let key = app.key("obviously-fake-key").await;
    let (sender, stream) = channel();
    let call = tokio::spawn(put(&key, Upload::stream(stream)));
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut seen = String::new();
    // The second piece is made only when the first has arrived: a client that collects would wait for ever.
    for piece in ["first-piece", "second-piece"] {
        sender.send(Ok(piece.into())).unwrap();
        while !seen.contains(piece) {
            let mut read = [0; 1_024];
            let count = connection.read(&mut read).await.unwrap();
            seen.push_str(std::str::from_utf8(&read[..count]).unwrap());
        }
    }
    drop(sender);
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"success\":true,\"data\":7}";
    connection.write_all(reply.as_bytes()).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), 7);
    assert!(seen.to_ascii_lowercase().contains("transfer-encoding: chunked"), "{seen}");
}

#[tokio::test]
async fn a_file_is_sent_with_its_length_and_whole_again_after_a_429() {
    let (provider, key) = provided(limits).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[b'7'; 900]).unwrap();
    provider.on_path_once("/import", Reply::error(429, "RateLimited"));
    provider.on_path("/import", Reply::success(&json!(7)));
    assert_eq!(put(&key, Upload::from_path(file.path())).await.unwrap(), 7);
    let sent = provider.requests();
    assert_eq!(sent.len(), 2);
    for request in &sent {
        assert_eq!((request.header("content-length"), request.header("content-type")), (Some("900"), Some("text/csv")));
        assert_eq!(request.body, [b'7'; 900][..]);
    }
}

#[tokio::test]
async fn a_form_mixes_what_is_in_memory_with_files_and_streams_and_has_one_limit() {
    let (provider, key) = provided(limits).await;
    provider.always(Reply::success(&json!("front.png")));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[b'f'; 400]).unwrap();
    let form = |streamed: usize| {
        let (sender, stream) = channel();
        sender.send(Ok(vec![b's'; streamed].into())).unwrap();
        Form::new()
            .text("caption", "Front")
            .file("file", "front.png", "image/png", Upload::from_path(file.path()))
            .file("file", "back.png", "image/png", Upload::stream(stream))
    };
    let upload = |form| key.patch("/stores/s/products/p/images").multipart(form).fetch::<String>();
    // 5 bytes of text, 400 of the file, and the rest: 1,000 in all.
    assert_eq!(upload(form(595)).await.unwrap(), "front.png");
    let body = provider.requests()[0].body.clone();
    let count = |letter: u8| body.split(|byte| *byte != letter).map(<[u8]>::len).max().unwrap();
    assert_eq!((count(b'f'), count(b's')), (400, 595));
    let refused = upload(form(596)).await.unwrap_err();
    assert_eq!((refused.kind(), provider.requests().len()), (ErrorKind::BadRequest, 1), "{refused:?}");
    assert!(provider.unfinished().iter().all(|sent| !sent.ends_with(b"--\r\n")), "it was broken off");
}

#[tokio::test]
async fn a_stream_of_the_callers_is_sent_once_and_a_refusal_after_that_stands() {
    let (provider, key) = provided(limits).await;
    provider.always(Reply::error(429, "RateLimited").header("Retry-After", "0"));
    let error = put(&key, Upload::stream(pieces(["a", "b"]))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), provider.requests().len()), (ErrorKind::RateLimited, 1, 1));
    assert_eq!(provider.requests()[0].body, "ab");
}

#[tokio::test]
async fn a_body_that_is_too_long_or_not_there_is_broken_off_and_called_a_bad_request() {
    let (provider, key) = provided(limits).await;
    provider.always(Reply::success(&json!(7)));
    let over = "x".repeat(1_001);
    let (sender, long) = channel();
    sender.send(Ok(over.clone().into())).unwrap();
    drop(sender);
    for (name, upload) in [
        ("longer than the limit, as it turns out", Upload::stream(long)),
        ("bytes over the limit", Upload::from(over)),
        ("no such file", Upload::from_path("obviously/no/such/file")),
    ] {
        let error = put(&key, upload).await.unwrap_err();
        assert_eq!((error.kind(), provider.requests().len()), (ErrorKind::BadRequest, 0), "{name}: {error:?}");
        assert!(error.source().is_some() && !error.may_have_happened(), "{name}");
    }
    let missing = put(&key, Upload::from_path("obviously/no/such/file")).await.unwrap_err();
    let cause = missing.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    assert_eq!(cause, Some(io::ErrorKind::NotFound));
}

#[tokio::test]
async fn an_error_of_the_stream_ends_the_call_and_is_its_cause() {
    let (provider, key) = provided(limits).await;
    let (sender, stream) = channel();
    sender.send(Ok("begun".into())).unwrap();
    sender.send(Err(io::Error::other("obviously a disk that broke"))).unwrap();
    let error = put(&key, Upload::stream(stream)).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Interrupted && error.may_have_happened(), "{error:?}");
    assert_eq!(causes(&error).last().unwrap().to_string(), "obviously a disk that broke");
    assert_eq!((error.attempts(), provider.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_long_upload_may_have_a_longer_deadline_than_other_calls() {
    let (provider, key) = provided(|_| {}).await;
    provider.always(Reply::hang());
    let error = key.get("/thing").fetch::<u32>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    // As much time passes with every answer that comes so late.
    provider.always(Reply::success(&json!(7)).late());
    let patient = key.put("/import").body(CSV, Upload::from("a")).deadline(AGES * 2);
    assert_eq!(patient.fetch::<u32>().await.unwrap(), 7);
}

#[test]
fn t41_an_upload_shows_no_content() {
    let form = Form::new().text("note", "obviously-fake-note").file("f", "n", "text/csv", "obviously-fake-goods");
    let shown = format!("{form:?} {:?} {:?}", Upload::from("obviously-fake-goods"), Upload::from_path("a"));
    assert!(!shown.contains("obviously-fake"), "{shown}");
}
