use super::{signature::parse, *};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body::Frame;
use http_body_util::{Full, StreamBody};

const SECRET: &str = "obviously-fake-webhook-secret";

fn verifier() -> Verifier {
    Verifier::new(SECRET).unwrap()
}

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    lines.iter().map(line).fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

#[test]
fn a_signature_is_read_in_every_accepted_form_and_in_no_other() {
    let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap().wrapping_mul(37).wrapping_add(251));
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
    let mixed: String =
        hex.chars().enumerate().map(|(at, c)| if at % 3 == 0 { c.to_ascii_uppercase() } else { c }).collect();
    for text in [hex.clone(), hex.to_uppercase(), mixed, base64.clone()] {
        for prefix in ["", "sha256=", "SHA256=", "Sha256="] {
            assert_eq!(parse(format!("{prefix}{text}").as_bytes()), Some(bytes), "{prefix}{text}");
        }
        for wrong in [
            format!("sha256={}", &text[1..]),
            format!("sha256=sha256={text}"),
            format!("sha1={text}"),
            format!("sha512={text}"),
            format!("v1={text}"),
            format!("sha256:{text}"),
            format!("sha256 = {text}"),
            format!(" {text}"),
            format!("{text} "),
            format!("{text},{text}"),
            format!("{text}\0"),
            format!("{}é", &text[2..]),
            text.replacen(&text[5..6], "-", 1),
            text[1..].to_owned(),
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
    // Base64 without padding, with unused bits that are not zero, or in the URL-safe alphabet.
    let spare = format!("{}{}=", &base64[..42], char::from(base64.as_bytes()[42] + 1));
    for wrong in ["", "sha256=", &base64[..43], &spare, &"_".repeat(44), &"=".repeat(44), &"0".repeat(63)] {
        assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn every_vector_that_openssl_computed_verifies_and_no_changed_one_does() {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let lines: Vec<Vec<&str>> =
        include_str!("../../tests/vectors/webhook.tsv").lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 19);
    for line in lines {
        let [secret, body, hex, base64] = line[..] else { panic!("{line:?}") };
        let (secret, body) = (String::from_utf8(unhex(secret)).unwrap(), unhex(body));
        let verifier = Verifier::new(secret.clone()).unwrap();
        let check = |signature: &str, body: &[u8]| verifier.verify(&headers(&[("x-signature", signature)]), body);
        assert_eq!(verifier.sign(&body), hex);
        for signature in [hex, &hex.to_uppercase(), base64, &format!("sha256={hex}"), &format!("sha256={base64}")] {
            assert_eq!(check(signature, &body), Ok(()), "{signature}");
            let changed = [&body[..], b" "].concat();
            assert_eq!(check(signature, &changed).unwrap_err(), Refused::WrongSignature);
            let other = Verifier::new(format!("{secret}x")).unwrap();
            assert!(other.verify(&headers(&[("x-signature", signature)]), &body).is_err());
        }
        for at in 0..64 {
            let mut changed = hex.as_bytes().to_vec();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let refused = check(std::str::from_utf8(&changed).unwrap(), &body).unwrap_err();
            assert_eq!(refused, Refused::WrongSignature, "digit {at}");
        }
    }
}

#[test]
fn the_first_header_that_is_there_counts_and_no_other() {
    use Refused::{MalformedSignature, NoSignature, WrongSignature};
    let (good, zeros) = (verifier().sign("body"), "0".repeat(64));
    for (lines, refused) in [
        (&[("x-signature", good.as_str())][..], None),
        (&[("x-komerza-signature", &good)], None),
        (&[("x-signature", &good), ("x-komerza-signature", &zeros)], None),
        (&[("x-signature", &zeros), ("x-komerza-signature", &good)], Some(WrongSignature)),
        (&[("x-signature", ""), ("x-komerza-signature", &good)], Some(MalformedSignature)),
        (&[("x-signature", &good), ("x-signature", &good)], Some(MalformedSignature)),
        (&[("x-hub-signature-256", &good)], Some(NoSignature)),
        (&[("signature", &good)], Some(NoSignature)),
        (&[], Some(NoSignature)),
    ] {
        let checked = verifier().verify(&headers(lines), b"body").err();
        assert_eq!(checked, refused, "{lines:?}");
    }
    let own = verifier().headers([HeaderName::from_static("x-own")]);
    assert_eq!(own.verify(&headers(&[("x-own", &good)]), b"body"), Ok(()));
    assert!(own.verify(&headers(&[("x-signature", &good)]), b"body").is_err());
    assert!(verifier().headers([]).verify(&headers(&[("x-signature", &good)]), b"body").is_err());
}

#[test]
fn while_a_secret_is_replaced_both_verify_and_a_third_does_not() {
    let both = verifier().or_secret("obviously-fake-new-secret").unwrap();
    for (secret, accepted) in [(SECRET, true), ("obviously-fake-new-secret", true), ("obviously-fake-other", false)] {
        let signature = Verifier::new(secret).unwrap().sign("body");
        assert_eq!(both.verify(&headers(&[("x-signature", &signature)]), b"body").is_ok(), accepted, "{secret}");
    }
}

#[test]
fn a_secret_that_was_pasted_wrongly_is_refused_and_no_text_shows_one() {
    for (text, why) in [
        ("", "empty"),
        ("secret\n", "not_visible_ascii"),
        (" secret", "not_visible_ascii"),
        ("se\u{a0}cret", "not_visible_ascii"),
        (&"s".repeat(16_385), "too_long"),
    ] {
        assert_eq!(Verifier::new(text).unwrap_err().code, why);
        assert_eq!(verifier().or_secret(text).unwrap_err().code, why);
    }
    assert!(!format!("{:?}", verifier()).contains("fake"));
}

/// A body that counts the frames that were taken from it.
fn counted(
    frames: usize,
    taken: std::sync::Arc<std::sync::atomic::AtomicUsize>,
) -> impl http_body::Body<Data = Bytes, Error = std::io::Error> {
    let mut left = frames;
    StreamBody::new(Frames(std::iter::from_fn(move || {
        left = left.checked_sub(1)?;
        taken.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 100]))))
    })))
}

struct Frames<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Frames<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit_and_not_at_all_without_a_signature() {
    let limited = verifier().body_limit(1_000);
    let body = vec![b'x'; 1_000];
    let signature = limited.sign(&body);
    for (frames, signature, read, refused) in [
        (10, Some(signature.as_str()), 10, None),
        (11, Some(&signature), 11, Some(Refused::BodyTooLarge)),
        (1_000_000, Some(&signature), 11, Some(Refused::BodyTooLarge)),
        (9, Some(&signature), 9, Some(Refused::WrongSignature)),
        (10, None, 0, Some(Refused::NoSignature)),
        (10, Some("sha256=no"), 0, Some(Refused::MalformedSignature)),
    ] {
        let taken = std::sync::Arc::default();
        let mut request = Request::new(counted(frames, std::sync::Arc::clone(&taken)));
        if let Some(signature) = signature {
            *request.headers_mut() = headers(&[("x-signature", signature)]);
        }
        let answer = limited.receive(request).await;
        assert_eq!(answer.as_ref().err().copied(), refused, "{frames} {signature:?}");
        assert_eq!(taken.load(std::sync::atomic::Ordering::SeqCst), read, "{frames} {signature:?}");
        if let Ok(delivery) = answer {
            assert_eq!(delivery.body(), &body);
        }
    }
    // A body whose stated length is over the limit is not read.
    let mut request = Request::new(Full::new(Bytes::from(vec![b'x'; 1_001])));
    *request.headers_mut() = headers(&[("x-signature", &signature)]);
    assert_eq!(limited.receive(request).await.unwrap_err(), Refused::BodyTooLarge);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_unread_and_an_outer_limit_is_too_large() {
    let broken = StreamBody::new(Frames([Err::<Frame<Bytes>, _>(std::io::Error::other("gone"))].into_iter()));
    let mut request = Request::new(broken);
    *request.headers_mut() = headers(&[("x-signature", &"0".repeat(64))]);
    assert_eq!(verifier().receive(request).await.unwrap_err(), Refused::BodyUnread);
    let outer = axum_core::body::Body::new(http_body_util::Limited::new(Full::new(Bytes::from_static(b"12345")), 4));
    let mut request = Request::new(outer);
    *request.headers_mut() = headers(&[("x-signature", &"0".repeat(64))]);
    assert_eq!(verifier().receive(request).await.unwrap_err(), Refused::BodyTooLarge);
}

#[tokio::test]
async fn a_delivery_shows_its_bytes_to_code_and_nothing_to_logs() {
    let body = "\u{feff}{\"email\":\"ada@shop.example\"}";
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.headers_mut() = headers(&[("x-signature", &verifier().sign(body)), ("user-agent", "Komerza/1.0")]);
    let delivery = verifier().receive(request).await.unwrap();
    assert_eq!((&delivery.body()[..], delivery.headers().len()), (body.as_bytes(), 2));
    assert!(!format!("{delivery:?}").contains("ada"));
    let wrong = delivery.json::<std::collections::BTreeMap<String, u8>>().unwrap_err();
    assert!(!wrong.to_string().contains("ada"), "{wrong}");
    assert_eq!(delivery.digest(), delivery.clone().digest());
}
