//! The attempts, one function for each kind of trick.

use super::Attempt;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// What would end the parameter, or what no server accepts in a request target.
const NEEDED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>').add(b'&').add(b'+').add(b'%').add(b'`');

pub fn all() -> Vec<Attempt> {
    let families = [
        schemes,
        blanks_in_front,
        slashes,
        controls_between_slashes,
        encoded_behind_the_slash,
        dots,
        beyond_ascii,
        addresses,
        header_lines,
        own_routes,
        too_long,
    ];
    let mut all: Vec<Attempt> = families.iter().flat_map(|family| family()).collect();
    all.extend(
        WORDS
            .iter()
            .flat_map(|(family, refused, texts)| texts.split(' ').flat_map(|text| spelled(family, *refused, text))),
    );
    all.extend(refused("fragments and queries", ["/a# b"]));
    all.extend(no_text());
    all
}

/// Texts without blanks in them: their trick, whether they are refused, and the texts.
const WORDS: &[(&str, bool, &str)] = &[
    (
        "user information",
        true,
        "https://shop.example@evil.example //shop.example@evil.example //shop.example:443@evil.example/ \
         https:shop.example@evil.example //shop.example%40evil.example //evil.example\\@shop.example \
         //evil.example#@shop.example //evil.example?@shop.example //@evil.example //:@evil.example \
         //shop.example%2f@evil.example //user:pass@shop.example/ \\@evil.example @evil.example",
    ),
    ("user information", false, "/@evil.example /a@evil.example /:80@evil.example"),
    (
        "look-alikes of the site",
        true,
        "https://shop.example.evil.example //shop.example.evil.example //shop.exampleevil //evil-shop.example \
         //shop.example:8443/ http://shop.example/ //shop.example./ //shop.example%00.evil.example \
         //shop.example%2eevil.example //shop%2eexample //SHOP.example@EVIL.example https://shop.example \
         //shop.example //shop.example/x",
    ),
    (
        "relative",
        true,
        " x evil.example evil.example/x ?x #x . .. ./x ../x ..//evil.example ;/x :80/x * ~ %2fx %2f%2fevil.example \
         %5cevil.example [::1] null undefined true",
    ),
    ("empty segments", true, "/a//b /a// /a/b//c/ /x//evil.example /x/// /a//?b /a/b//#c //a/b"),
    ("empty segments", false, "/a?b//c /a#b//c /a/?// /a/#//"),
    // Harmless, unless somebody decodes once more.
    (
        "encoded twice",
        false,
        "/%252fevil.example /%255cevil.example /%2509/evil.example /%252e%252e/x /a%252f%252fb \
         /a%250d%250aSet-Cookie:x=1 /%25252fevil.example /a%2f%2fevil.example /a%5c%5cevil.example",
    ),
    (
        "fragments and queries",
        false,
        "/#//evil.example /?//evil.example /a#@evil.example /a?\"><script>alert(1)</script> /\"><script> /<> /` /{{7*7}} /${x}",
    ),
    ("fragments and queries", true, "#//evil.example ?//evil.example //evil.example#/x //evil.example?/x /a?\t//x"),
];

/// The decoded text in two spellings: everything encoded that can be, and only what must be.
fn spelled(family: &'static str, must_be_refused: bool, decoded: &str) -> Vec<Attempt> {
    [NON_ALPHANUMERIC, NEEDED]
        .map(|set| Attempt {
            family,
            decoded: Some(decoded.to_owned()),
            query: utf8_percent_encode(decoded, set).to_string(),
            must_be_refused,
        })
        .to_vec()
}

fn refused(family: &'static str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Attempt> {
    texts.into_iter().flat_map(|text| spelled(family, true, text.as_ref())).collect()
}

fn allowed(family: &'static str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<Attempt> {
    texts.into_iter().flat_map(|text| spelled(family, false, text.as_ref())).collect()
}

/// The words of a text, for lists without blanks in their items.
fn words(text: &'static str) -> Vec<&'static str> {
    text.split(' ').collect()
}

/// Every pair, put together.
fn pairs(first: &[&str], second: &[&str]) -> Vec<String> {
    first.iter().flat_map(|one| second.iter().map(move |other| format!("{one}{other}"))).collect()
}

fn schemes() -> Vec<Attempt> {
    let web =
        ["http:", "https:", "HTTPS:", "hTtP:", "ftp:", "ws:", "wss:", "file:", "ht\ttps:", "https\n:", "\u{1}https:"];
    let rest =
        ["evil.example", "/evil.example", "//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example"];
    let mut texts = pairs(&web, &rest);
    let mut others = words(
        "javascript: JavaScript: java\tscript: vbscript: data:text/html, blob:https://evil.example/ \
         view-source:https://evil.example about:blank mailto:a@evil.example intent://evil.example#Intent;end x-unknown:",
    );
    others.push(" javascript:");
    texts.extend(pairs(&others, &["", "alert(1)", "//%0aalert(1)"]));
    refused("a scheme", texts)
}

fn blanks_in_front() -> Vec<Attempt> {
    let blanks = [
        " ", "\t", "\n", "\r", "\0", "\u{b}", "\u{c}", "\u{1f}", "\u{7f}", "\u{a0}", "\u{feff}", "\u{200b}",
        "\u{2028}", "\r\n",
    ];
    refused("blanks in front", pairs(&blanks, &["//evil.example", "https://evil.example", "/x"]))
}

/// Every row of two to four slashes and backslashes.
fn slashes() -> Vec<Attempt> {
    let mut rows = vec![String::new()];
    let mut texts = Vec::new();
    for length in 1..=4 {
        rows = rows.iter().flat_map(|row| [format!("{row}/"), format!("{row}\\")]).collect();
        if length > 1 {
            texts.extend(
                rows.iter()
                    .flat_map(|row| ["evil.example", "evil.example/%2e%2e", ""].map(|rest| format!("{row}{rest}"))),
            );
        }
    }
    texts.extend(pairs(&["/a\\", "/a/\\", "/a?b\\", "/a#\\", "\\"], &["", "evil.example"]));
    refused("slashes and backslashes", texts)
}

fn controls_between_slashes() -> Vec<Attempt> {
    let between = ["\t", "\n", "\r", "\r\n", "\t\t", "\0", "\u{8}", "\u{1b}", "\u{7f}", " "];
    let texts = between.iter().flat_map(|blank| {
        [
            format!("/{blank}/evil.example"),
            format!("/{blank}\\evil.example"),
            format!("/{blank}evil.example"),
            format!("/a{blank}b"),
            format!("/a{blank}"),
        ]
    });
    refused("controls between slashes", texts)
}

fn encoded_behind_the_slash() -> Vec<Attempt> {
    let encoded = words("%2f %2F %5c %5C %09 %0a %0D %00 %1f %7F");
    let texts =
        encoded.iter().flat_map(|code| ["evil.example", "/evil.example", ""].map(|rest| format!("/{code}{rest}")));
    refused("encoded behind the first slash", texts)
}

fn dots() -> Vec<Attempt> {
    let dots = [".", "..", "%2e", "%2E", "%2e%2e", ".%2e", "%2E."];
    let mut texts = Vec::new();
    for dot in dots {
        for place in words("/DOT /DOT/ /DOT//evil.example /DOT/komerza/login /a/DOT /a/b/DOT/x /a/DOT?b /a/DOT#b") {
            texts.push(place.replace("DOT", dot));
        }
    }
    texts.extend(["/a/../..//evil.example", "/..;/../x", "/./\\evil.example"].map(str::to_owned));
    refused("dot segments", texts)
}

fn beyond_ascii() -> Vec<Attempt> {
    let slashes = ["\u{ff0f}", "\u{2044}", "\u{2215}", "\u{29f8}", "\u{ff3c}", "\u{2216}", "\u{fe68}"];
    let mut texts =
        pairs(&["/", "\u{ff0f}"], &pairs(&slashes, &["evil.example"]).iter().map(String::as_str).collect::<Vec<_>>());
    let invisible = words(
        "\u{ad} \u{200b} \u{200d} \u{2060} \u{feff} \u{202e} \u{a0} \u{3000} \u{85} \u{2028} \u{2029} \u{e9} \
        \u{10ffff}",
    );
    texts.extend(invisible.iter().flat_map(|c| [format!("/{c}/evil.example"), format!("/a{c}b")]));
    let dots = ["\u{3002}", "\u{ff0e}", "\u{ff61}", "\u{2024}"];
    texts.extend(
        dots.iter().flat_map(|dot| [format!("//evil{dot}example"), format!("/{dot}{dot}/x"), format!("/a/{dot}")]),
    );
    let others = words(
        "\u{ff48}ttps://evil.example https\u{ff1a}//evil.example //\u{ff45}vil.example //xn--evil-9ua.example /a\u{301} \
         /\u{560a}\u{560d}Set-Cookie:x=1",
    );
    texts.extend(others.into_iter().map(str::to_owned));
    refused("beyond ASCII", texts)
}

fn addresses() -> Vec<Attempt> {
    refused(
        "addresses",
        pairs(
            &["//", "https://", "/\\"],
            &words(
                "[::1] [::1]:80/ [::ffff:127.0.0.1] [fe80::1%25eth0] [:: 127.0.0.1 127.1 2130706433 0x7f000001 \
                 017700000001 localhost 1.1.1.1. :80 ",
            ),
        ),
    )
}

fn header_lines() -> Vec<Attempt> {
    let breaks = ["\r\n", "\n", "\r", "\n\r", "\u{b}", "\u{c}", "\0", "\u{85}", "\u{2028}"];
    let lines = ["Set-Cookie: x=1", "Location: https://evil.example", "\r\n<script>alert(1)</script>", " folded"];
    let mut all =
        refused("header lines", breaks.iter().flat_map(|line_break| lines.map(|line| format!("/a{line_break}{line}"))));
    all.extend(allowed(
        "header lines",
        ["/a%0d%0aSet-Cookie:x=1", "/a%0ASet-Cookie:x=1", "/a?b=%0d%0aLocation:x", "/a%00b", "/a;Set-Cookie:x=1"],
    ));
    all
}

fn own_routes() -> Vec<Attempt> {
    let mut all =
        refused("routes of the crate", pairs(&super::OWN_ROUTES, &["", "?return_to=/x", "?code=a&state=b", "#x", "?"]));
    all.extend(allowed(
        "routes of the crate",
        ["/%6bomerza/login", "/komerza/login/", "/komerza%2flogin", "/komerza/login;x"],
    ));
    all
}

fn too_long() -> Vec<Attempt> {
    let long = |length: usize, text: &str| format!("/{}", text.repeat(length))[..length].to_owned();
    refused(
        "too long",
        [
            long(513, "a"),
            long(600, "a"),
            long(4096, "a/b"),
            long(7000, "%41"),
            format!("/x?{}", "q".repeat(510)),
            format!("/x#{}", "f".repeat(510)),
        ],
    )
}

/// Bytes that are not UTF-8, and broken escapes.
fn no_text() -> Vec<Attempt> {
    let bytes = words(
        "%2F%FF %2F%C0%AF %C0%AF%C0%AFevil.example %2F%E0%80%AF %2F%C0%AE%C0%AE%2F %2F%F5%80%80%80 %2F%ED%A0%80 \
        %2F%C3%28 %2Fa%80 %2F%FE%FF /%C3 %EF%BB",
    );
    let escapes = words("/% /a% /a%2 /%zz /%0g %/evil.example %%2f /%u2215evil.example /%-1 %2 /%2%66evil.example");
    let attempt = |family| {
        move |query: &&str| Attempt { family, decoded: None, query: (*query).to_owned(), must_be_refused: true }
    };
    bytes.iter().map(attempt("bytes that are no text")).chain(escapes.iter().map(attempt("broken escapes"))).collect()
}
