//! The forms of a page, and where its Content-Security-Policy lets them go. No HTML parser: pages under test are ours.

use url::{Url, form_urlencoded};

/// A `<form>` with what it would send when its (first) button is pressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// As written; empty means the page itself.
    pub action: String,
    /// Lower case.
    pub method: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// All forms of the page, in order.
    pub fn all(html: &str) -> Vec<Self> {
        let mut forms: Vec<Self> = Vec::new();
        let mut inside = false;
        for tag in tags(html) {
            let name =
                tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default().to_ascii_lowercase();
            let attribute =
                |name: &str| attributes(tag).into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
            match name.as_str() {
                "form" => {
                    inside = true;
                    let method = attribute("method").unwrap_or_else(|| "get".to_owned()).to_ascii_lowercase();
                    forms.push(Self { action: attribute("action").unwrap_or_default(), method, fields: Vec::new() });
                }
                "/form" => inside = false,
                "input" | "button" if inside => {
                    if let (Some(name), Some(form)) = (attribute("name"), forms.last_mut()) {
                        form.fields.push((name, attribute("value").unwrap_or_default()));
                    }
                }
                _ => {}
            }
        }
        forms
    }

    /// The fields as `application/x-www-form-urlencoded`.
    pub fn encoded(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

/// The insides of all tags: between `<` and `>`, quotes respected.
fn tags(html: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut quote = None;
        let end = rest.find(|c| match (quote, c) {
            (None, '"' | '\'') => {
                quote = Some(c);
                false
            }
            (Some(open), _) => {
                if open == c {
                    quote = None;
                }
                false
            }
            (None, _) => c == '>',
        });
        let Some(end) = end else { break };
        tags.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    tags
}

/// Names in lower case, values with the five usual character references resolved.
pub fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.trim_start_matches(|c: char| !c.is_whitespace()).trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            rest = after.trim_start();
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
            let body = if quote.is_some() { &rest[1..] } else { rest };
            let end = body.find(|c: char| quote.map_or(c.is_whitespace(), |quote| c == quote)).unwrap_or(body.len());
            value = &body[..end];
            rest = body[end..].trim_start_matches(|c| Some(c) == quote).trim_start();
        }
        found.push((name, unescaped(value)));
    }
    found
}

fn unescaped(value: &str) -> String {
    value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&amp;", "&")
}

/// The sources of one directive, lower case apart from paths; `None` when the policy does not name it.
pub fn directive(policy: &str, name: &str) -> Option<Vec<String>> {
    policy.split(';').find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case(name))?;
        Some(words.map(str::to_owned).collect())
    })
}

/// Whether a form of `page` may be sent to `target`, or redirected there, under these `form-action` sources.
pub fn allows(sources: &[String], page: &Url, target: &Url) -> bool {
    sources.iter().any(|source| {
        if source == "'self'" {
            return page.origin() == target.origin();
        }
        Url::parse(source).is_ok_and(|source| {
            source.origin() == target.origin()
                && (source.path() == "/"
                    || source.path() == target.path()
                    || (source.path().ends_with('/') && target.path().starts_with(source.path())))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_found_with_their_fields() {
        let page = r#"<p title="a > b"><form method=POST action="/a?b=1&amp;c"><input type=hidden name='x' value="&lt;&quot;">
            <button name=go value=yes>Go</button></form><input name=outside><form><INPUT NAME=q></form>"#;
        let [first, second] = &Form::all(page)[..] else { panic!("two forms") };
        assert_eq!((first.action.as_str(), first.method.as_str()), ("/a?b=1&c", "post"));
        assert_eq!(first.encoded(), "x=%3C%22&go=yes");
        assert_eq!((second.action.as_str(), second.method.as_str(), second.encoded().as_str()), ("", "get", "q="));
    }

    #[test]
    fn form_action_decides_where_a_form_may_go() {
        let page = Url::parse("https://shop.example/komerza/login").unwrap();
        let policy =
            "default-src 'none'; Form-Action 'self' https://dash.example/auth/authorize https://p.example/dir/";
        let sources = directive(policy, "form-action").unwrap();
        for (target, allowed) in [
            ("https://shop.example/x", true),
            ("https://dash.example/auth/authorize?x=1", true),
            ("https://dash.example/auth", false),
            ("https://p.example/dir/x", true),
            ("https://p.example/other", false),
            ("http://shop.example/x", false),
            ("https://evil.example/", false),
        ] {
            assert_eq!(allows(&sources, &page, &Url::parse(target).unwrap()), allowed, "{target}");
        }
        assert!(!allows(&["'none'".to_owned()], &page, &page));
        assert_eq!(directive(policy, "base-uri"), None);
    }
}
