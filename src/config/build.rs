//! From the collected settings to a configuration. One error names everything that is missing or wrong.

use super::{
    Config, ConfigBuilder, ConfigError, Limits, Routes,
    address::{RedirectUri, base_url},
    error::Wrong,
    message::{self, Message},
    return_path::ReturnPath,
    with_segments,
};
use crate::{provider, seal::SealingKey};
use http::HeaderValue;
use std::sync::Arc;

impl ConfigBuilder {
    /// Checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] names every setting that is missing or wrong, with its remedy.
    pub fn build(self) -> Result<Config, ConfigError> {
        let mut wrong = Wrong::default();
        let client_id = wrong.keep(needed("client_id", self.client_id).and_then(client_id));
        let client_secret = wrong.keep(needed("client_secret", self.client_secret).and_then(|secret| secret));
        let redirect_uri = wrong.keep(needed("redirect_uri", self.redirect_uri).and_then(redirect_uri));
        let user_agent = wrong.keep(needed("user_agent", self.user_agent).and_then(user_agent));
        let api_url = wrong.keep(base_url("api_url", self.api_url.as_deref().unwrap_or(provider::API_URL)));
        let dashboard_url = self.dashboard_url.as_deref().unwrap_or(provider::DASHBOARD_URL);
        let dashboard_url = wrong.keep(base_url("dashboard_url", dashboard_url));
        let cookie_keys = wrong.keep(self.cookie_keys.unwrap_or(Ok(Vec::new())));
        // Without a redirect URI the paths below it are unknown; `?` is no part of any path.
        let prefix = self.stripped_prefix.unwrap_or_default();
        let unknown = || format!("{}/?/callback", prefix.trim_end_matches('/'));
        let callback = redirect_uri.as_ref().map_or_else(unknown, |uri| uri.path.clone());
        let given = [self.login_path, self.disconnect_path, self.status_path];
        let routes = Routes::new(callback, &prefix, given, &mut wrong);
        let default_return_path = self.default_return_path.unwrap_or_else(|| "/".into());
        for (setting, path) in [
            ("default_return_path", Some(&default_return_path)),
            ("sign_in_page", self.sign_in_page.as_ref()),
            ("style_sheet", self.look.style_sheet.as_ref()),
        ] {
            wrong.keep(path.map_or(Ok(()), |path| check_local(setting, path, &routes)));
        }
        let sign_in_parameter = self.sign_in_parameter.unwrap_or_else(|| "return_to".into());
        if !(1..=64).contains(&sign_in_parameter.len()) || !sign_in_parameter.bytes().all(is_unreserved) {
            let error = ConfigError::about("sign_in_parameter", &sign_in_parameter, &message::PARAMETER_NAME);
            wrong.keep::<()>(Err(error));
        }
        if let Some(name) = &self.look.app_name {
            wrong.keep(app_name(name));
        }
        check_buckets(&mut wrong, &self.limits);
        wrong.check()?;
        let (Some(client_id), Some(client_secret), Some(redirect_uri), Some(user_agent)) =
            (client_id, client_secret, redirect_uri, user_agent)
        else {
            return Err(ConfigError::because("client_id", &message::MISSING));
        };
        let (Some(api_url), Some(dashboard_url), Some(mut cookie_keys)) = (api_url, dashboard_url, cookie_keys) else {
            return Err(ConfigError::because("api_url", &message::MISSING));
        };
        if cookie_keys.is_empty() {
            cookie_keys.push(SealingKey::derived_from(&client_secret));
        }
        // The segments are constants, so the URL is always the base and these.
        let mut authorize_url =
            with_segments(&dashboard_url, &provider::AUTHORIZE_PATH).unwrap_or_else(|| dashboard_url.clone());
        authorize_url
            .query_pairs_mut()
            .append_pair("client_id", &client_id)
            .append_pair("redirect_uri", &redirect_uri.text)
            .append_pair("state", "");
        Ok(Config {
            authorize_url: authorize_url.into(),
            client_id,
            client_secret,
            redirect_uri,
            user_agent,
            api_url,
            cookie_keys,
            routes,
            default_return_path,
            sign_in_page: self.sign_in_page,
            sign_in_parameter,
            limits: self.limits,
            look: Arc::new(self.look),
            notices: Arc::default(),
        })
    }
}

fn needed<T>(setting: &'static str, value: Option<T>) -> Result<T, ConfigError> {
    value.ok_or_else(|| ConfigError::because(setting, &message::MISSING))
}

/// Characters that a URL carries unchanged. *Source*: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The client ID becomes a segment of a path and a parameter of a query.
fn client_id(id: String) -> Result<String, ConfigError> {
    let id = check("client_id", id, 128, is_unreserved, &message::CLIENT_ID_CHARACTERS)?;
    match id.as_str() {
        "." | ".." => Err(ConfigError::because("client_id", &message::DOT_SEGMENT)),
        _ => Ok(id),
    }
}

fn redirect_uri(text: String) -> Result<RedirectUri, ConfigError> {
    RedirectUri::parse(&text).map_err(|why| ConfigError::about("redirect_uri", &text, why))
}

/// A User-Agent that Komerza lets pass.
pub(crate) fn user_agent(agent: String) -> Result<HeaderValue, ConfigError> {
    let visible = |byte| matches!(byte, b' '..=b'~');
    let agent = check("user_agent", agent, 256, visible, &message::NOT_VISIBLE_ASCII)?;
    let agent = HeaderValue::from_str(agent.trim()).ok().filter(|agent| !agent.is_empty());
    agent.ok_or_else(|| ConfigError::because("user_agent", &message::EMPTY))
}

fn app_name(name: &str) -> Result<(), ConfigError> {
    match name.chars().count() {
        0 => Err(ConfigError::because("app_name", &message::EMPTY)),
        1..=100 if !name.contains(char::is_control) => Ok(()),
        1..=100 => Err(ConfigError::because("app_name", &message::CONTROL_CHARACTER)),
        _ => Err(ConfigError::new("app_name", &message::TOO_LONG, "100".to_owned())),
    }
}

/// The largest bucket. Each token costs memory, and time when the provider refuses a call.
const TOKENS_MOST: u32 = 10_000;

fn check_buckets(wrong: &mut Wrong, limits: &Limits) {
    for (setting, bucket) in
        [("limits.exchange_bucket", limits.exchange_bucket), ("limits.client.bucket", limits.client.bucket)]
    {
        if bucket.capacity > TOKENS_MOST && !bucket.period.is_zero() {
            wrong.keep::<()>(Err(ConfigError::because(setting, &message::BUCKET_TOO_LARGE)));
        }
    }
}

/// Its length has no limit, which is for paths that visitors send.
fn check_local(setting: &'static str, path: &str, routes: &Routes) -> Result<(), ConfigError> {
    let parsed = ReturnPath::parse(path, usize::MAX, routes);
    parsed.map(|_| ()).ok_or_else(|| ConfigError::about(setting, path, &message::NOT_LOCAL))
}

fn check(
    setting: &'static str,
    value: String,
    most: usize,
    allowed: fn(u8) -> bool,
    message: &'static Message,
) -> Result<String, ConfigError> {
    match value.len() {
        0 => Err(ConfigError::because(setting, &message::EMPTY)),
        length if length > most => Err(ConfigError::new(setting, &message::TOO_LONG, most.to_string())),
        _ if !value.bytes().all(allowed) => Err(ConfigError::about(setting, &value, message)),
        _ => Ok(value),
    }
}
