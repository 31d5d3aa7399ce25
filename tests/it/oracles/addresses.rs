//! What becomes an address: the return path, the code in the exchange's URL, a path of the API.

use super::{Broken, hold};
use komerza_connect::__fuzzing;
use percent_encoding::percent_decode_str;
use url::Url;

/// Input: a return path. Oracle: wherever a browser stands on the site, the URL standard's parser stays on it, leads to none of the
/// crate's routes, and finds nothing to resolve.
pub(super) fn return_path(input: &[u8]) -> Result<(), Broken> {
    let Ok(text) = std::str::from_utf8(input) else { return Ok(()) };
    let Some((path, marked)) = __fuzzing::return_path(text) else { return Ok(()) };
    hold!(path == text && path.len() <= 512, "{text:?} became {path:?}");
    for page in
        ["https://app.example/komerza/callback?code=x", "https://app.example:8443/a/b/", "http://127.0.0.1:3000/"]
    {
        let page = Url::parse(page).map_err(|error| error.to_string())?;
        for target in [&path, &marked] {
            let url = page.join(target).map_err(|error| format!("{target:?}: {error}"))?;
            hold!(url.origin() == page.origin(), "{target:?} leads to {url}");
            hold!(url.username().is_empty() && url.password().is_none(), "{target:?} names a user");
            let written = target.split(['?', '#']).next().unwrap_or_default();
            let decoded = |path| percent_decode_str(path).collect::<Vec<u8>>();
            hold!(decoded(url.path()) == decoded(written), "{target:?} was resolved to {}", url.path());
            let own = ["login", "callback", "disconnect", "status"].map(|route| format!("/komerza/{route}"));
            hold!(!own.contains(&url.path().to_owned()), "{target:?} is a route of the crate");
        }
    }
    let once = percent_decode_str(path.split(['?', '#']).next().unwrap_or_default()).collect::<Vec<u8>>();
    hold!(!matches!(once[..], [b'/', b'/' | b'\\', ..]), "{path:?} is another host to who decodes first");
    hold!(!once.iter().any(u8::is_ascii_control), "{path:?} holds a control character");
    let marks = marked.split('#').next().unwrap_or_default().matches("komerza=denied").count();
    hold!(marks == 1 + path.split('#').next().unwrap_or_default().matches("komerza=denied").count(), "{marked:?}");
    Ok(())
}

/// Input: an authorization code. Oracle: the URL is the fixed start and one segment, which decodes back to the code; every code of
/// visible ASCII within the length makes one, but for dot segments.
pub(super) fn code_to_url(input: &[u8]) -> Result<(), Broken> {
    let Ok(code) = std::str::from_utf8(input) else { return Ok(()) };
    let fit = (1..=8_000).contains(&code.len())
        && code.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
        && ![".", ".."].contains(&code);
    for base in ["https://api.example", "https://api.example/v1/", "http://127.0.0.1:4000/a/b"] {
        let made = __fuzzing::exchange_url(base, code);
        hold!(made.is_some() == fit, "{code:?} makes {made:?}");
        let Some(url) = made else { continue };
        let start = format!("{}/oauth2/fuzz/exchange/", base.trim_end_matches('/'));
        let segment = url.strip_prefix(&start).ok_or_else(|| format!("{url} does not start with {start}"))?;
        hold!(!segment.contains(['/', '?', '#', '\\']), "{segment:?} is more than a segment");
        hold!(percent_decode_str(segment).eq(code.bytes()), "{segment:?} does not decode to {code:?}");
        let again = Url::parse(&url).map_err(|error| format!("{url}: {error}"))?;
        hold!(again.as_str() == url && again.query().is_none() && again.fragment().is_none(), "{url} reads as {again}");
    }
    Ok(())
}

/// Input: a path of the API. Oracle: the URL is below the base, and stays there for readers that decode before they resolve.
pub(super) fn api_path(input: &[u8]) -> Result<(), Broken> {
    let Ok(path) = std::str::from_utf8(input) else { return Ok(()) };
    for base in ["https://api.example", "https://api.example/v1", "http://127.0.0.1:4000/a/b/"] {
        let Some(url) = __fuzzing::api_path(base, path) else { continue };
        let base = Url::parse(base).map_err(|error| error.to_string())?;
        let url = Url::parse(&url).map_err(|error| format!("{path:?}: {error}"))?;
        hold!(url.origin() == base.origin(), "{path:?} leads to {url}");
        hold!(
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
            "{path:?} makes {url}"
        );
        let start = format!("{}/", base.path().trim_end_matches('/'));
        hold!(url.path().starts_with(&start), "{path:?} climbs to {url}");
        let mut seen = url.path().to_owned();
        for _ in 0..3 {
            hold!(depth(seen.strip_prefix(&start).unwrap_or("..")) >= 0, "{path:?} climbs to {seen} when decoded");
            let decoded = percent_decode_str(&seen).decode_utf8_lossy().into_owned();
            if decoded == seen || decoded.contains('%') {
                // An encoded percent sign is the caller's own, to be read literally.
                break;
            }
            seen = decoded;
        }
    }
    Ok(())
}

/// How deep a path goes at its shallowest, with dots resolved; negative when it climbs out.
fn depth(path: &str) -> i32 {
    let (mut now, mut least) = (0_i32, 0_i32);
    for segment in path.split(['/', '\\']) {
        match segment {
            ".." => now -= 1,
            "." | "" => {}
            _ => now += 1,
        }
        least = least.min(now);
    }
    least
}
