//! The jar against the rules of RFC 6265bis, one table per rule.

use super::Context::{CrossSiteEmbedded, CrossSiteNavigation, CrossSitePost};
use super::{By, Context, Cookie, Jar, Refused};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use url::Url;

const SHOP: &str = "https://shop.example/komerza/login";
const SAME_SITE: By = By::Http(Context::SameSite);

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn url(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn set(jar: &mut Jar, line: &str, from: &str) -> Result<(), Refused> {
    jar.store(line.as_bytes(), &url(from), SAME_SITE, now())
}

/// `name=value` pairs, as they would be sent.
fn sent_in(jar: &Jar, to: &str, by: By, now: SystemTime) -> Vec<String> {
    let cookies = jar.cookies_for(&url(to), by, now);
    cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect()
}

fn sent(jar: &Jar, to: &str) -> Vec<String> {
    sent_in(jar, to, SAME_SITE, now())
}

fn jar_with(lines: &[&str], from: &str) -> Jar {
    let mut jar = Jar::default();
    for line in lines {
        set(&mut jar, line, from).unwrap();
    }
    jar
}

#[test]
fn prefixes_are_kept_only_in_their_exact_form() {
    for (line, from, expected) in [
        ("__Host-a=1; Secure; Path=/", SHOP, Ok(())),
        ("__host-A=1; secure; path=/", SHOP, Ok(())),
        ("__Host-a=1; Path=/", SHOP, Err(Refused::HostPrefix)),
        ("__Host-a=1; Secure", SHOP, Err(Refused::HostPrefix)),
        ("__Host-a=1; Secure", "https://shop.example/", Err(Refused::HostPrefix)),
        ("__Host-a=1; Secure; Path=/komerza", SHOP, Err(Refused::HostPrefix)),
        ("__Host-a=1; Secure; Path=/; Path=/komerza", SHOP, Err(Refused::HostPrefix)),
        ("__Host-a=1; Secure; Path=/; Domain=shop.example", SHOP, Err(Refused::HostPrefix)),
        ("__HOST-a=1; Path=/", SHOP, Err(Refused::HostPrefix)),
        ("__Host-a; Secure; Path=/", SHOP, Err(Refused::HostPrefix)),
        ("__Secure-a=1; Secure", SHOP, Ok(())),
        ("__Secure-a=1; Secure; Domain=shop.example; Path=/x", SHOP, Ok(())),
        ("__Secure-a=1", SHOP, Err(Refused::SecurePrefix)),
        ("=__Secure-a=1; Secure", SHOP, Err(Refused::SecurePrefix)),
        ("__Host-a=1; Secure; Path=/", "http://shop.example/", Err(Refused::SecureOverHttp)),
        ("__Host-a=1; Secure; Path=/", "http://127.0.0.1:3000/", Ok(())),
        // Not a prefix for a browser, although a careless server would read it as one.
        ("%5F%5FHost-a=1; Domain=shop.example", SHOP, Ok(())),
        (" __Host-a=1; Path=/; Secure", SHOP, Ok(())),
        ("a=__Host-; Domain=shop.example", SHOP, Ok(())),
    ] {
        let mut jar = Jar::default();
        assert_eq!(set(&mut jar, line, from), expected, "{line} from {from}");
        assert_eq!(jar.all().len(), usize::from(expected.is_ok()), "{line} from {from}");
    }
}

#[test]
fn a_domain_cookie_reaches_the_subdomains_and_a_host_cookie_its_host_alone() {
    let jar = jar_with(&["host=1", "wide=1; Domain=shop.example", "dot=1; Domain=.shop.example"], SHOP);
    assert_eq!(sent(&jar, "https://shop.example/komerza/x"), ["host=1", "wide=1", "dot=1"]);
    assert_eq!(sent(&jar, "https://a.b.shop.example/komerza/x"), ["wide=1", "dot=1"]);
    for elsewhere in
        ["https://workshop.example/komerza/x", "https://example/komerza/x", "https://shop.example.evil.example/komerza"]
    {
        assert_eq!(sent(&jar, elsewhere), [""; 0], "{elsewhere}");
    }
}

#[test]
fn a_sibling_can_set_cookies_for_the_parent_but_not_for_another_sibling() {
    let mut jar = Jar::default();
    let sibling = "https://evil.shop.example/";
    assert_eq!(set(&mut jar, "toss=1; Domain=shop.example; Path=/", sibling), Ok(()));
    assert_eq!(sent(&jar, SHOP), ["toss=1"]);
    for (domain, expected) in [
        ("www.shop.example", Refused::ForeignDomain),
        ("other.example", Refused::ForeignDomain),
        ("op.example", Refused::ForeignDomain),
        ("example", Refused::PublicSuffix),
    ] {
        assert_eq!(set(&mut jar, &format!("a=1; Domain={domain}"), sibling), Err(expected), "{domain}");
    }
    assert_eq!(set(&mut jar, "a=1; Domain=co.uk", "https://shop.co.uk"), Err(Refused::PublicSuffix));
    assert_eq!(set(&mut jar, "a=1; Domain=127.0.0.1", "http://127.0.0.1:1"), Ok(()));
    assert_eq!(set(&mut jar, "a=1; Domain=0.0.1", "http://127.0.0.1:1"), Err(Refused::ForeignDomain));
    assert_eq!(set(&mut jar, "b=1; Domain=localhost", "http://localhost:1"), Ok(()));
    assert_eq!(sent(&jar, "http://localhost:2"), ["b=1"], "ports do not count");
}

#[test]
fn paths_match_whole_segments_and_default_to_the_directory() {
    let jar = jar_with(&["d=1", "r=1; Path=/", "l=1; Path=/komerza/login", "s=1; Path=/komerza/"], SHOP);
    for (path, expected) in [
        ("/komerza/login", &["l=1", "s=1", "d=1", "r=1"][..]),
        ("/komerza/login/x", &["l=1", "s=1", "d=1", "r=1"]),
        ("/komerza/loginx", &["s=1", "d=1", "r=1"]),
        ("/komerza", &["d=1", "r=1"]),
        ("/komerzax", &["r=1"]),
        ("/", &["r=1"]),
    ] {
        assert_eq!(sent(&jar, &format!("https://shop.example{path}")), expected, "{path}");
    }
}

#[test]
fn secure_cookies_need_https_or_by_exception_the_machine_itself() {
    let mut jar = jar_with(&["s=1; Secure; Path=/", "p=1; Path=/"], SHOP);
    assert_eq!(sent(&jar, "http://shop.example/"), ["p=1"]);
    for local in ["http://localhost:3000/", "http://127.0.0.1:3000/", "http://[::1]:3000/"] {
        assert_eq!(set(&mut jar, "s=2; Secure; Path=/", local), Ok(()), "{local}");
        assert_eq!(sent(&jar, local), ["s=2"], "{local}");
    }
    jar.strict_loopback = true;
    assert_eq!(sent(&jar, "http://localhost:3000/"), [""; 0]);
    assert_eq!(set(&mut jar, "t=1; Secure", "http://localhost:3000/"), Err(Refused::SecureOverHttp));
    // Plain HTTP cannot put a cookie over a secure one.
    let mut jar = jar_with(&["s=1; Secure; Path=/a; Domain=shop.example"], SHOP);
    let plain = "http://evil.shop.example/a/b";
    assert_eq!(set(&mut jar, "s=2; Domain=shop.example; Path=/a/b", plain), Err(Refused::HidesSecure));
    assert_eq!(set(&mut jar, "s=2; Path=/a", plain), Err(Refused::HidesSecure));
    assert_eq!(set(&mut jar, "s=2; Path=/", plain), Ok(()), "a shorter path hides nothing");
    assert_eq!(set(&mut jar, "t=2; Path=/a", plain), Ok(()), "another name hides nothing");
    assert_eq!(set(&mut jar, "s=3; Path=/a/b", "https://evil.shop.example/"), Ok(()), "https may");
}

#[test]
fn script_neither_sees_nor_replaces_what_is_http_only() {
    let mut jar = jar_with(&["h=1; HttpOnly; Path=/", "v=1; Path=/"], SHOP);
    assert_eq!(jar.script_view(&url(SHOP), now()), "v=1");
    for line in ["h=2; Path=/", "new=1; HttpOnly"] {
        assert_eq!(jar.store(line.as_bytes(), &url(SHOP), By::Script, now()), Err(Refused::HttpOnlyByScript), "{line}");
    }
    jar.store(b"v=2; Path=/", &url(SHOP), By::Script, now()).unwrap();
    assert_eq!(sent(&jar, SHOP), ["h=1", "v=2"]);
}

#[test]
fn same_site_decides_by_who_asks_and_how() {
    let lines = ["strict=1; SameSite=Strict", "lax=1; SameSite=Lax", "none=1; SameSite=None; Secure", "un=1"];
    let jar = jar_with(&lines, SHOP);
    for (context, expected) in [
        (Context::SameSite, &["strict=1", "lax=1", "none=1", "un=1"][..]),
        (CrossSiteNavigation, &["lax=1", "none=1", "un=1"]),
        (CrossSitePost, &["none=1"]),
        (CrossSiteEmbedded, &["none=1"]),
    ] {
        assert_eq!(sent_in(&jar, SHOP, By::Http(context), now()), expected, "{context:?}");
    }
}

#[test]
fn only_embedded_answers_of_other_sites_cannot_set_lax_or_strict_cookies() {
    for (context, line, expected) in [
        (CrossSiteEmbedded, "a=1; SameSite=Lax", Err(Refused::CrossSite)),
        (CrossSiteEmbedded, "a=1; SameSite=Strict", Err(Refused::CrossSite)),
        (CrossSiteEmbedded, "a=1", Err(Refused::CrossSite)),
        (CrossSiteEmbedded, "a=1; SameSite=None; Secure", Ok(())),
        (CrossSiteNavigation, "a=1; SameSite=Strict", Ok(())),
        (CrossSitePost, "a=1; SameSite=Lax", Ok(())),
        (Context::SameSite, "a=1; SameSite=None", Err(Refused::NoneWithoutSecure)),
    ] {
        let stored = Jar::default().store(line.as_bytes(), &url(SHOP), By::Http(context), now());
        assert_eq!(stored, expected, "{line} in {context:?}");
    }
}

#[test]
fn a_cookie_is_replaced_only_by_one_of_its_name_domain_and_path_and_keeps_its_place() {
    let mut jar = jar_with(&["a=1; Path=/", "b=1; Path=/"], SHOP);
    set(&mut jar, "a=2; Path=/; HttpOnly", SHOP).unwrap();
    assert_eq!(sent(&jar, SHOP), ["a=2", "b=1"]);
    set(&mut jar, "a=3; Path=/; Domain=shop.example", SHOP).unwrap();
    set(&mut jar, "a=4; Path=/komerza", SHOP).unwrap();
    set(&mut jar, "A=5; Path=/", SHOP).unwrap();
    assert_eq!(sent(&jar, SHOP), ["a=4", "a=2", "b=1", "a=3", "A=5"]);
    set(&mut jar, "a=; Path=/; Max-Age=0", SHOP).unwrap();
    assert_eq!(sent(&jar, SHOP), ["a=4", "b=1", "a=3", "A=5"]);
    set(&mut jar, "a=; Max-Age=0; Path=/other", SHOP).unwrap();
    assert_eq!(jar.all().len(), 4, "a deletion with another path deletes nothing");
    // Cookies end at their time.
    let jar = jar_with(&["short=1; Max-Age=60", "long=1; Max-Age=61", "session=1"], SHOP);
    let later = now() + Duration::from_secs(60);
    assert_eq!(sent_in(&jar, SHOP, SAME_SITE, later - Duration::from_nanos(1)).len(), 3);
    assert_eq!(sent_in(&jar, SHOP, SAME_SITE, later), ["long=1", "session=1"]);
}

#[test]
fn a_long_cookie_is_not_kept_and_the_oldest_goes_when_there_are_too_many() {
    let mut jar = Jar::default();
    assert_eq!(set(&mut jar, &format!("name={}", "x".repeat(4092)), SHOP), Ok(()));
    assert_eq!(set(&mut jar, &format!("name={}", "x".repeat(4093)), SHOP), Err(Refused::TooLong));
    assert_eq!(jar.get("name").unwrap().len(), 4092, "the old value stays");
    for n in 0..180 {
        set(&mut jar, &format!("c{n}=1"), SHOP).unwrap();
    }
    set(&mut jar, "elsewhere=1", "https://other.example").unwrap();
    assert_eq!((jar.all().len(), jar.get("name"), jar.get("c0").is_some()), (181, None, true));
}

#[test]
fn tampering_reaches_everything_and_fails_loudly() {
    let mut jar = jar_with(&["a=1", "b=2"], SHOP);
    jar.set_value("a", b"\xff");
    jar.rename("b", "__Host-b");
    jar.set_raw(Cookie::new("shop.example", "c", "3"));
    assert_eq!(jar.names(), ["a", "__Host-b", "c"]);
    assert_eq!(jar.cookies_for(&url(SHOP), SAME_SITE, now())[0].value, b"\xff");
    assert_eq!((jar.get("__Host-b").as_deref(), jar.get("b")), (Some("2"), None));
    jar.remove("a");
    assert_eq!(jar.names(), ["__Host-b", "c"]);
    jar.set_raw(Cookie::new("shop.example", "c", "4"));
    for wrong in
        [|jar: &mut Jar| jar.remove("x"), |jar: &mut Jar| jar.rename("x", "y"), |jar: &mut Jar| drop(jar.get("c"))]
    {
        let mut jar = jar.clone();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| wrong(&mut jar))).is_err());
    }
}
