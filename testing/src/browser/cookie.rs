//! One cookie, read from one `Set-Cookie` line by the rules of RFC 6265bis (section 5.6).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Browsers keep no cookie longer than this.
const LONGEST_LIFE: Duration = Duration::from_secs(400 * 24 * 3600);
/// Name and value together; longer cookies are dropped whole.
pub const LONGEST_COOKIE: usize = 4096;
/// A longer attribute value is ignored; the cookie is kept.
const LONGEST_ATTRIBUTE: usize = 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
    /// No such attribute, or an unknown word in it.
    #[default]
    Unspecified,
}

/// A cookie as the jar keeps it. Bytes, since browsers keep what they get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    /// Host that set it, or the `Domain` it asked for; lower case, no leading dot.
    pub domain: String,
    /// Only for that very host.
    pub host_only: bool,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    pub same_site: SameSite,
    /// `None`: until the browser is closed.
    pub expires: Option<SystemTime>,
    /// Order of creation in its jar.
    pub created: u64,
}

impl Cookie {
    /// A cookie for tampering: host-only, `Path=/`, `Secure`, `HttpOnly`, `SameSite=Lax`, for the session.
    pub fn new(host: &str, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            value: value.as_ref().to_vec(),
            domain: host.to_owned(),
            host_only: true,
            path: "/".to_owned(),
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
            expires: None,
            created: 0,
        }
    }

    pub fn name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }

    pub fn value(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

/// What a `Set-Cookie` line says, before the jar decides whether to believe it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub name: Vec<u8>,
    pub value: Vec<u8>,
    /// Without a leading dot; empty when absent or empty.
    pub domain: String,
    /// `None`: the default path of the URL.
    pub path: Option<String>,
    pub secure: bool,
    pub http_only: bool,
    pub same_site: SameSite,
    pub expires: Option<SystemTime>,
}

/// Why a cookie was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    ControlCharacter,
    Empty,
    TooLong,
    ForeignDomain,
    PublicSuffix,
    SecureOverHttp,
    HidesSecure,
    HttpOnlyByScript,
    CrossSite,
    NoneWithoutSecure,
    SecurePrefix,
    HostPrefix,
}

pub fn parse(line: &[u8], now: SystemTime) -> Result<Parsed, Refused> {
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err(Refused::ControlCharacter);
    }
    let mut parts = line.split(|byte| *byte == b';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (trim(&pair[..at]), trim(&pair[at + 1..])),
        None => (&b""[..], trim(pair)),
    };
    if name.is_empty() && value.is_empty() {
        return Err(Refused::Empty);
    }
    if name.len() + value.len() > LONGEST_COOKIE {
        return Err(Refused::TooLong);
    }
    let mut parsed = Parsed { name: name.to_vec(), value: value.to_vec(), ..Parsed::default() };
    let mut max_age = None;
    for part in parts {
        let part = String::from_utf8_lossy(part);
        let (attribute, value) = part.split_once('=').unwrap_or((&part, ""));
        let value = value.trim_matches([' ', '\t']);
        if value.len() > LONGEST_ATTRIBUTE {
            continue;
        }
        match attribute.trim_matches([' ', '\t']).to_ascii_lowercase().as_str() {
            "expires" => parsed.expires = date(value).map(|at| at.min(now + LONGEST_LIFE)).or(parsed.expires),
            "max-age" => max_age = age(value).or(max_age),
            "domain" => parsed.domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase(),
            "path" => parsed.path = value.starts_with('/').then(|| value.to_owned()),
            "secure" => parsed.secure = true,
            "httponly" => parsed.http_only = true,
            "samesite" => {
                parsed.same_site = match value.to_ascii_lowercase().as_str() {
                    "strict" => SameSite::Strict,
                    "lax" => SameSite::Lax,
                    "none" => SameSite::None,
                    _ => SameSite::Unspecified,
                }
            }
            _ => {}
        }
    }
    if let Some(age) = max_age {
        parsed.expires = Some(age.map_or(UNIX_EPOCH, |age| now + age.min(LONGEST_LIFE)));
    }
    Ok(parsed)
}

fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = bytes.iter().position(|byte| !blank(byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !blank(byte)).map_or(start, |at| at + 1);
    &bytes[start..end]
}

/// `Some(None)`: to be dropped at once. `None`: not a number, so as if it were absent.
fn age(value: &str) -> Option<Option<Duration>> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse().unwrap_or(u64::MAX);
    Some((!value.starts_with('-') && seconds > 0).then_some(Duration::from_secs(seconds)))
}

/// The three forms of HTTP dates, and the form with dashes of the oldest servers.
fn date(value: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(value).or_else(|_| httpdate::parse_http_date(&value.replace('-', " "))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn parsed(line: &str) -> Parsed {
        parse(line.as_bytes(), now()).unwrap()
    }

    #[test]
    fn every_attribute_is_read_in_any_case_and_order() {
        let cookie =
            parsed(" __Host-a = b=c ; PATH=/x;max-age=60; SECURE ;httponly; SameSite=LAX; Domain=.Shop.Example;odd=1");
        assert_eq!(
            cookie,
            Parsed {
                name: b"__Host-a".to_vec(),
                value: b"b=c".to_vec(),
                domain: "shop.example".to_owned(),
                path: Some("/x".to_owned()),
                secure: true,
                http_only: true,
                same_site: SameSite::Lax,
                expires: Some(now() + Duration::from_secs(60)),
            }
        );
        let bare = parsed("a=b");
        assert_eq!((bare.secure, bare.http_only, bare.same_site), (false, false, SameSite::Unspecified));
        assert_eq!((bare.expires, bare.path, bare.domain.as_str()), (None, None, ""));
        assert_eq!(parsed("just a value").name, b"");
        assert_eq!(parsed("a=1; Path=relative; Path=").path, None);
        assert_eq!(parsed("a=1; SameSite=Strict; SameSite=odd").same_site, SameSite::Unspecified);
    }

    #[test]
    fn max_age_wins_over_expires_in_either_order() {
        let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        for line in [format!("a=b; Max-Age=5; {past}"), format!("a=b; {past}; Max-Age=5")] {
            assert_eq!(parsed(&line).expires, Some(now() + Duration::from_secs(5)), "{line}");
        }
        for gone in ["0", "-1", "-99999999999999999999"] {
            assert_eq!(parsed(&format!("a=b; Max-Age={gone}")).expires, Some(UNIX_EPOCH), "{gone}");
        }
        for ignored in ["", "x", "5x", "+5", "1.5", "-"] {
            assert_eq!(parsed(&format!("a=b; {past}; Max-Age={ignored}")).expires, Some(UNIX_EPOCH), "{ignored}");
        }
        assert_eq!(parsed("a=b; Max-Age=99999999999999999999").expires, Some(now() + LONGEST_LIFE));
    }

    #[test]
    fn dates_are_read_in_their_old_forms_and_ignored_when_odd() {
        let day = Some(UNIX_EPOCH + Duration::from_secs(784_111_777));
        let all = "Sun, 06 Nov 1994 08:49:37 GMT | Sun, 06-Nov-1994 08:49:37 GMT | Sunday, 06-Nov-94 08:49:37 GMT | \
             Sun Nov  6 08:49:37 1994";
        for form in all.split(" | ") {
            assert_eq!(parsed(&format!("a=b; Expires={form}")).expires, day, "{form}");
        }
        assert_eq!(parsed("a=b; Expires=soon").expires, None);
        assert_eq!(parsed("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT").expires, Some(now() + LONGEST_LIFE));
    }

    #[test]
    fn odd_lines_are_refused_whole_and_odd_attributes_alone() {
        for control in ["a=b\r\nc=d", "a=b\0", "a=\x7f", "a=b; Path=/\x01"] {
            assert_eq!(parse(control.as_bytes(), now()), Err(Refused::ControlCharacter), "{control:?}");
        }
        for empty in ["", "=", " = ; Secure", ";"] {
            assert_eq!(parse(empty.as_bytes(), now()), Err(Refused::Empty), "{empty:?}");
        }
        assert_eq!(parsed(&format!("a={}", "x".repeat(4095))).value.len(), 4095);
        assert_eq!(parse(format!("a={}", "x".repeat(4096)).as_bytes(), now()), Err(Refused::TooLong));
        assert_eq!(parsed(&format!("a=b; Path=/{}; Secure", "x".repeat(1024))).path, None);
        assert_eq!(parsed("a=\u{e9}").value, "\u{e9}".as_bytes());
        assert_eq!(parse(b"a=\xff", now()).unwrap().value, b"\xff");
    }
}
