//! Makes a configuration from the collected settings. One error names everything that is missing or wrong.

use super::address::{RedirectUri, base_url};
use super::{
    Bucket, Config, ConfigBuilder, ConfigError, Routes, error::checked, return_path::ReturnPath, with_segments,
};
use crate::message::{self, InvalidValue};
use crate::provider::{API_URL, AUTHORIZE_PATH, DASHBOARD_URL};
use crate::{seal::SealingKey, site::page::Look};
use http::HeaderValue;
use std::sync::Arc;
use url::Url;

impl ConfigBuilder {
    /// Checks all settings and makes the configuration.
    ///
    /// # Errors
    /// [`ConfigError`] names every setting that is missing or wrong, with its remedy.
    pub fn build(self) -> Result<Config, ConfigError> {
        let mut wrong = ConfigError::none();
        let client_id = wrong.check("client_id", self.client_id.as_deref(), client_id).unwrap_or_default();
        let client_secret = wrong.keep("client_secret", self.client_secret.unwrap_or_else(|| message::MISSING.wrong()));
        let redirect_uri = wrong.check("redirect_uri", self.redirect_uri.as_deref(), RedirectUri::parse);
        let user_agent = wrong.check("user_agent", self.user_agent.as_deref(), user_agent);
        let api_url = wrong.check("api_url", self.api_url.as_deref().or(Some(API_URL)), base_url);
        let dashboard_url =
            wrong.check("dashboard_url", self.dashboard_url.as_deref().or(Some(DASHBOARD_URL)), base_url);
        let cookie_keys = self.cookie_keys.and_then(|keys| wrong.keep("cookie_keys", keys));
        // Without a redirect URI the paths below it are unknown; `?` is no part of any path.
        let prefix = self.stripped_prefix.unwrap_or_default();
        let unknown = || format!("{}/?/callback", prefix.trim_end_matches('/'));
        let callback = redirect_uri.as_ref().map_or_else(unknown, |uri| uri.path.clone());
        let given = [self.login_path, self.disconnect_path, self.status_path];
        let routes = Routes::new(callback, &prefix, given, &mut wrong);
        let sign_in_parameter = self.sign_in_parameter.unwrap_or_else(|| "return_to".into());
        // The length limit does not apply here: it is for paths that visitors send.
        let local = |path: &str| ReturnPath::parse(path, usize::MAX, &routes).ok_or((&message::NOT_LOCAL).into());
        let default_return_path = self.default_return_path.as_deref().or(Some("/"));
        let default_return_path = wrong.check("default_return_path", default_return_path, local);
        for (setting, path) in [("sign_in_page", &self.sign_in_page), ("style_sheet", &self.style_sheet)] {
            path.as_deref().and_then(|path| wrong.check(setting, Some(path), local));
        }
        wrong.check("sign_in_parameter", Some(&sign_in_parameter), parameter);
        self.app_name.as_deref().and_then(|name| wrong.check("app_name", Some(name), app_name));
        wrong.keep("limits.exchange_bucket", countable(self.limits.exchange_bucket));
        wrong.keep("limits.client.bucket", countable(self.limits.client.bucket));
        // One of these is missing only if its check failed, so the error is not empty.
        let (Some(client_secret), Some(redirect_uri), Some(user_agent), Some(api_url), Some(dashboard_url)) =
            (client_secret, redirect_uri, user_agent, api_url, dashboard_url)
        else {
            return Err(wrong);
        };
        let Some(default_return_path) = default_return_path else { return Err(wrong) };
        wrong.finish()?;
        let mut cookie_keys = cookie_keys.unwrap_or_default();
        if cookie_keys.is_empty() {
            cookie_keys.push(SealingKey::derived_from(&client_secret));
        }
        // The segments are constants, so the URL is always the base and these.
        let mut authorize_url = with_segments(&dashboard_url, &AUTHORIZE_PATH).unwrap_or(dashboard_url);
        let query = [("client_id", &*client_id), ("redirect_uri", &redirect_uri.text), ("state", "")];
        authorize_url.query_pairs_mut().extend_pairs(query);
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
fn is_unreserved(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | '~')
}

/// The client ID becomes a segment of a path and a parameter of a query.
fn client_id(id: &str) -> Result<String, InvalidValue> {
    message::made_of(is_unreserved, id, 128, &message::CLIENT_ID_CHARACTERS)?;
    if matches!(id, "." | "..") { message::DOT_SEGMENT.wrong() } else { Ok(id.to_owned()) }
}

/// A User-Agent that Komerza lets pass.
fn user_agent(agent: &str) -> Result<HeaderValue, InvalidValue> {
    message::made_of(|letter| matches!(letter, ' '..='~'), agent, 256, &message::NOT_VISIBLE_ASCII)?;
    let agent = HeaderValue::from_str(agent.trim()).ok().filter(|agent| !agent.is_empty());
    agent.ok_or_else(|| (&message::EMPTY).into())
}

fn parameter(name: &str) -> Result<(), InvalidValue> {
    let good = (1..=64).contains(&name.len()) && name.chars().all(is_unreserved);
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

fn countable(bucket: Bucket) -> Result<(), InvalidValue> {
    let too_large = bucket.capacity > TOKENS_MOST && !bucket.period.is_zero();
    if too_large { message::BUCKET_TOO_LARGE.wrong() } else { Ok(()) }
}

/// What a client without a login needs.
pub(crate) fn for_client(agent: &str, url: &str) -> Result<(HeaderValue, Url), ConfigError> {
    let agent = checked(agent, user_agent).map_err(|why| ConfigError::because("user_agent", why))?;
    let url = checked(url, base_url).map_err(|why| ConfigError::because("api_url", why))?;
    Ok((agent, url))
}
