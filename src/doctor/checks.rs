//! The doctor's checks. Asynchronous functions ask the store and Komerza. Plain functions decide what the
//! answers mean.

use super::{Finding, Severity};
use crate::secret::{ApiKey, AuthorizationCode};
use crate::store::{StoreError, StoredToken, TokenStore, within};
use crate::{
    config::Config, failure::FailureKind, message::messages, redeem::exchange, telemetry::log::chain, time::Clock,
    user::UserId, wire,
};
use http::header::DATE;
use std::time::{Duration, SystemTime};

messages! {
    HTTPS = "https", "the redirect URI is https: cookies have Secure and the __Host- prefix", "";
    PLAIN_HTTP = "plain_http", "the redirect URI is plain http: cookies have neither Secure nor the __Host- prefix",
        "This is for development on one machine; deploy with https.";
    MOUNTED = "mounted", "requests to the login, callback, disconnect and status routes reach the layer", "";
    SIGNED_IN = "signed_in", "requests to the routes reach the layer, and the layer knows who is signed in", "";
    STORE_WORKS = "store_works", "the token store saved, loaded and removed a scratch record", "";
    STORE_FAILS = "store_fails", "the token store failed to {}",
        "Check that the database runs and that the app may read, insert, update and delete in its table.";
    STORE_FORGETS = "store_forgets", "the token store did not return the scratch record that it had saved",
        "Check `save` and `load` with the contract suite of the feature `store-contract`. If `load` reads from a replica, the replica may be behind.";
    STORE_KEEPS = "store_keeps", "the token store did not remove its scratch record",
        "Check `delete_if` with the contract suite of the feature `store-contract`; then remove the records of the users whose ids begin with `komerza-connect-doctor-`.";
    PING_WORKS = "ping_works", "the token store answers a ping", "";
    PING_FAILS = "ping_fails", "the token store does not answer a ping: {}", "Check that the database runs and can be reached.";
    NO_PING = "no_ping", "the token store does not list its users, so it has no ping", "";
    KOMERZA_ANSWERS = "komerza_answers", "Komerza answers: {}", "";
    KOMERZA_UNREACHABLE = "komerza_unreachable", "Komerza cannot be reached: {}",
        "Check DNS, the firewall, HTTPS_PROXY and the system's certificates, and KOMERZA_API_URL if it is set.";
    SECRET_REFUSED = "secret_refused", "Komerza does not accept the client secret",
        "Copy it again from the Komerza dashboard, from the page of this client ID.";
    APP_UNKNOWN = "app_unknown", "Komerza does not know the client ID",
        "Copy it again from the Komerza dashboard; check KOMERZA_API_URL if it is set.";
    CODE_REFUSED = "code_refused", "Komerza refused a made-up code ({}), as it should, and did not complain about the client ID; \
         it may not have checked the client secret: only a real connection shows whether it is right", "";
    EXCHANGE_FAILS = "exchange_fails", "Komerza's answer does not show whether the client ID and the client secret are right ({})",
        "Run the doctor again in a minute. The guide `operating` says what the word in brackets means.";
    CLOCK_RIGHT = "clock_right", "the clock is within a minute of Komerza's", "";
    CLOCK_WRONG = "clock_wrong", "the clock differs from Komerza's by {} seconds",
        "Let the machine set its clock by NTP. The clock decides when login attempts and sessions expire.";
    NO_DATE = "no_date", "Komerza's answer has no date, so the clock was not compared", "";
}

/// How far the clocks may differ.
const CLOCK_MOST: Duration = Duration::from_secs(60);
const KOMERZA_DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn settings(config: &Config) -> Vec<Finding> {
    let (severity, message) =
        if config.redirect_uri.https { (Severity::Fine, &HTTPS) } else { (Severity::Warning, &PLAIN_HTTP) };
    vec![Finding::new(severity, message, "")]
}

/// Tries the store with a record of its own, and pings it.
pub(super) async fn store(store: &dyn TokenStore, deadline: Duration) -> Vec<Finding> {
    let trial = scratch(store, deadline).await.unwrap_or_else(|(what, error)| {
        Finding::new(Severity::Error, &STORE_FAILS, &format!("{what}: {}", chain(&error)))
    });
    let ping = match store.lists_users() {
        None => Finding::new(Severity::Fine, &NO_PING, ""),
        Some(listing) => match within(deadline, listing.ping()).await {
            Ok(()) => Finding::new(Severity::Fine, &PING_WORKS, ""),
            Err(error) => Finding::new(Severity::Error, &PING_FAILS, &chain(&error).to_string()),
        },
    };
    vec![trial, ping]
}

async fn scratch(store: &dyn TokenStore, deadline: Duration) -> Result<Finding, (&'static str, StoreError)> {
    let key = ApiKey::new("scratch-record-of-the-doctor").ok().and_then(|key| StoredToken::new(key).ok());
    let Some(token) = key else { return Ok(Finding::new(Severity::Error, &STORE_FAILS, "create a scratch record")) };
    let user = UserId::generated(&format!("komerza-connect-doctor-{}", token.version()));
    within(deadline, store.save(&user, &token)).await.map_err(|error| ("save a scratch record", error))?;
    let loaded = within(deadline, store.load(&user)).await;
    // The record is removed, whatever `load` returned.
    let removed = within(deadline, store.delete_if(&user, token.version())).await;
    let loaded = loaded.map_err(|error| ("load its scratch record", error))?;
    let removed = removed.map_err(|error| ("remove its scratch record", error))?;
    let left = within(deadline, store.load(&user)).await.map_err(|error| ("load its scratch record", error))?;
    Ok(match (loaded.is_some_and(|loaded| loaded.version() == token.version()), removed && left.is_none()) {
        (true, true) => Finding::new(Severity::Fine, &STORE_WORKS, ""),
        (false, _) => Finding::new(Severity::Error, &STORE_FORGETS, ""),
        (true, false) => Finding::new(Severity::Error, &STORE_KEEPS, ""),
    })
}

/// One GET without a key, where any answer counts, and one exchange of a code that Komerza never issued.
pub(super) async fn komerza(config: &Config, clock: &dyn Clock) -> Vec<Finding> {
    let asked = async {
        let client = wire::client(&config.user_agent, &config.api_url).and_then(wire::build);
        let client = client.map_err(|error| error.to_string())?;
        let sent = client.get(config.api_url.clone()).timeout(KOMERZA_DEADLINE).send().await;
        sent.map_err(|error| chain(&error.without_url()).to_string())
    };
    match asked.await {
        Ok(answer) => {
            let date = answer.headers().get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
            let said = format!("{} from {}", answer.status(), config.api_url.origin().ascii_serialization());
            let answers = Finding::new(Severity::Fine, &KOMERZA_ANSWERS, &said);
            vec![answers, compare(clock.now(), date), exchanged(application(config, clock).await)]
        }
        Err(why) => vec![Finding::new(Severity::Error, &KOMERZA_UNREACHABLE, &why)],
    }
}

/// What Komerza says to a code that it never issued. It names a wrong client ID or secret, unless it looks at
/// the code first, which is not documented.
async fn application(config: &Config, clock: &dyn Clock) -> FailureKind {
    let (client, code) = (exchange::client(config), AuthorizationCode::new("made-up-by-komerza-connect-doctor"));
    let (Ok(client), Ok(code)) = (client, code) else { return FailureKind::Internal };
    let answer = exchange::send(&client, config, &code, clock.now()).await;
    // Komerza cannot give a key for a made-up code.
    answer.map_or_else(|failure| failure.kind(), |_| FailureKind::ProviderFault)
}

fn exchanged(kind: FailureKind) -> Finding {
    let (severity, message) = match kind {
        FailureKind::InvalidClientSecret => (Severity::Error, &SECRET_REFUSED),
        FailureKind::AppNotFound => (Severity::Error, &APP_UNKNOWN),
        FailureKind::InvalidCode | FailureKind::ExpiredCode => (Severity::Fine, &CODE_REFUSED),
        // A refusal that does not name the mistake may be about the secret.
        FailureKind::ExchangeRefused | FailureKind::Busy => (Severity::Warning, &EXCHANGE_FAILS),
        _ => (Severity::Error, &EXCHANGE_FAILS),
    };
    Finding::new(severity, message, kind.code())
}

pub(super) fn compare(here: SystemTime, there: Option<SystemTime>) -> Finding {
    let Some(there) = there else { return Finding::new(Severity::Fine, &NO_DATE, "") };
    let apart = here.duration_since(there).unwrap_or_else(|earlier| earlier.duration());
    if apart > CLOCK_MOST {
        return Finding::new(Severity::Error, &CLOCK_WRONG, &apart.as_secs().to_string());
    }
    Finding::new(Severity::Fine, &CLOCK_RIGHT, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_differ_by_a_minute() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let minute = Duration::from_secs(60);
        let more = minute + Duration::from_secs(1);
        for (there, code) in [
            (now, "clock_right"),
            (now + minute, "clock_right"),
            (now - minute, "clock_right"),
            (now + more, "clock_wrong"),
            (now - more, "clock_wrong"),
        ] {
            assert_eq!(compare(now, Some(there)).code, code);
        }
        assert_eq!(compare(now, None).code, "no_date");
    }
}
