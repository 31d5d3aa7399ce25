//! Makes a configuration from the collected settings. One error names everything that is missing or wrong.

use super::{
    Config, ConfigBuilder, ConfigError, Limits, Routes,
    address::{RedirectUri, base_url},
    error::{Wrong, checked},
    return_path::ReturnPath,
    with_segments,
};
use crate::{
    message::{self, InvalidValue, Message},
    provider,
    seal::SealingKey,
    site::page::Look,
};
use http::HeaderValue;
use std::sync::Arc;
use url::Url;

impl ConfigBuilder {
    /// Checks all settings and makes the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names every setting that is missing or wrong, with its remedy.
    pub fn build(self) -> Result<Config, ConfigError> {
        let mut wrong = Wrong::default();
        let client_id = wrong.check("client_id", self.client_id.as_deref(), client_id).unwrap_or_default();
        let client_secret = self.client_secret.unwrap_or_else(|| message::MISSING.wrong());
        let client_secret = wrong.keep("client_secret", client_secret);
        let redirect_uri = wrong.check("redirect_uri", self.redirect_uri.as_deref(), RedirectUri::parse);
        let user_agent = wrong.check("user_agent", self.user_agent.as_deref(), user_agent);
        let api_url = self.api_url.as_deref().or(Some(provider::API_URL));
        let api_url = wrong.check("api_url", api_url, base_url);
        let dashboard_url = self.dashboard_url.as_deref().or(Some(provider::DASHBOARD_URL));
        let dashboard_url = wrong.check("dashboard_url", dashboard_url, base_url);
        let cookie_keys = self.cookie_keys.unwrap_or(Ok(Vec::new()));
        let mut cookie_keys = wrong.keep("cookie_keys", cookie_keys).unwrap_or_default();
        // Without a redirect URI the paths below it are unknown; `?` is no part of any path.
        let prefix = self.stripped_prefix.unwrap_or_default();
        let unknown = || format!("{}/?/callback", prefix.trim_end_matches('/'));
        let callback = redirect_uri.as_ref().map_or_else(unknown, |uri| uri.path.clone());
        let given = [self.login_path, self.disconnect_path, self.status_path];
        let routes = Routes::new(callback, &prefix, given, &mut wrong);
        let default_return_path = self.default_return_path.unwrap_or_else(|| "/".into());
        let sign_in_parameter = self.sign_in_parameter.unwrap_or_else(|| "return_to".into());
        // Their length has no limit, which is for paths that visitors send.
        let local = |path: &str| {
            ReturnPath::parse(path, usize::MAX, &routes).map_or_else(|| message::NOT_LOCAL.wrong(), |_| Ok(()))
        };
        for (setting, path) in [
            ("default_return_path", Some(&default_return_path)),
            ("sign_in_page", self.sign_in_page.as_ref()),
            ("style_sheet", self.style_sheet.as_ref()),
        ] {
            path.and_then(|path| wrong.check(setting, Some(path), local));
        }
        wrong.check("sign_in_parameter", Some(&sign_in_parameter), parameter);
        self.app_name.as_deref().and_then(|name| wrong.check("app_name", Some(name), app_name));
        check_buckets(&mut wrong, &self.limits);
        wrong.finish()?;
        // Without any of these something was wrong.
        let (Some(client_secret), Some(redirect_uri), Some(user_agent), Some(api_url), Some(dashboard_url)) =
            (client_secret, redirect_uri, user_agent, api_url, dashboard_url)
        else {
            return Err(ConfigError::because("client_secret", &message::MISSING));
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
            look: Arc::new(Look { app_name: self.app_name, style_sheet: self.style_sheet }),
            notices: Arc::default(),
        })
    }
}

/// Characters that a URL carries unchanged. *Source*: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The client ID becomes a segment of a path and a parameter of a query.
fn client_id(id: &str) -> Result<String, InvalidValue> {
    made_of(is_unreserved, id, 128, &message::CLIENT_ID_CHARACTERS)?;
    if matches!(id, "." | "..") { message::DOT_SEGMENT.wrong() } else { Ok(id.to_owned()) }
}

/// A User-Agent that Komerza lets pass.
fn user_agent(agent: &str) -> Result<HeaderValue, InvalidValue> {
    made_of(|byte| matches!(byte, b' '..=b'~'), agent, 256, &message::NOT_VISIBLE_ASCII)?;
    let agent = HeaderValue::from_str(agent.trim()).ok().filter(|agent| !agent.is_empty());
    agent.ok_or_else(|| (&message::EMPTY).into())
}

fn made_of(allowed: fn(u8) -> bool, text: &str, most: usize, why: &'static Message) -> Result<(), InvalidValue> {
    match text.len() {
        0 => message::EMPTY.wrong(),
        length if length > most => Err(message::TOO_LONG.with(most)),
        _ if !text.bytes().all(allowed) => Err(why.into()),
        _ => Ok(()),
    }
}

fn parameter(name: &str) -> Result<(), InvalidValue> {
    let good = (1..=64).contains(&name.len()) && name.bytes().all(is_unreserved);
    if good { Ok(()) } else { message::PARAMETER_NAME.wrong() }
}

fn app_name(name: &str) -> Result<(), InvalidValue> {
    match name.chars().count() {
        0 => message::EMPTY.wrong(),
        1..=100 if !name.contains(char::is_control) => Ok(()),
        1..=100 => message::CONTROL_CHARACTER.wrong(),
        _ => Err(message::TOO_LONG.with(100)),
    }
}

/// The largest bucket. Each token costs memory, and time when the provider refuses a call.
const TOKENS_MOST: u32 = 10_000;

fn check_buckets(wrong: &mut Wrong, limits: &Limits) {
    for (setting, bucket) in
        [("limits.exchange_bucket", limits.exchange_bucket), ("limits.client.bucket", limits.client.bucket)]
    {
        if bucket.capacity > TOKENS_MOST && !bucket.period.is_zero() {
            wrong.keep::<()>(setting, message::BUCKET_TOO_LARGE.wrong());
        }
    }
}

/// What a client without a login needs.
pub(crate) fn for_client(agent: &str, url: &str) -> Result<(HeaderValue, Url), ConfigError> {
    let agent = checked(agent, user_agent).map_err(|why| ConfigError::because("user_agent", why))?;
    let url = checked(url, base_url).map_err(|why| ConfigError::because("api_url", why))?;
    Ok((agent, url))
}
