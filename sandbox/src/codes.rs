//! Authorization codes: random, for one app, usable once, for one minute.

use std::{collections::HashMap, time::Duration};

use super::grant::Grant;
use super::switches::{CodeAlphabet, ExchangeRefusal};

/// The number of codes that are remembered. When there are more, those that expired long ago are forgotten
/// and count as wrong.
const REMEMBERED: usize = 10_000;

struct IssuedCode {
    grant: Grant,
    issued: Duration,
    used: bool,
}

#[derive(Default)]
pub(super) struct Codes {
    issued: HashMap<String, IssuedCode>,
}

impl Codes {
    /// Remembers `code`; `now` is the clock's elapsed time.
    pub(super) fn issue(&mut self, code: String, grant: Grant, now: Duration, lifetime: Duration) {
        if self.issued.len() >= REMEMBERED {
            self.issued.retain(|_, known| now.saturating_sub(known.issued) <= lifetime);
        }
        self.issued.insert(code, IssuedCode { grant, issued: now, used: false });
    }

    /// Spends `code` for the app `client_id`. A refusal spends nothing.
    pub(super) fn redeem(
        &mut self,
        code: &str,
        client_id: &str,
        now: Duration,
        lifetime: Duration,
    ) -> Result<Grant, ExchangeRefusal> {
        let known = self.issued.get_mut(code).ok_or(ExchangeRefusal::InvalidCode)?;
        if known.used || known.grant.client_id != client_id {
            return Err(ExchangeRefusal::InvalidCode);
        }
        if now.saturating_sub(known.issued) > lifetime {
            return Err(ExchangeRefusal::CodeExpired);
        }
        known.used = true;
        Ok(known.grant.clone())
    }
}

/// The text of a new code, made of random `letters` in the style of `alphabet`.
pub(super) fn shaped(letters: String, alphabet: &CodeAlphabet) -> String {
    if *alphabet != CodeAlphabet::Base64 {
        return letters;
    }
    let kept = letters.chars().count().saturating_sub(2);
    letters.chars().take(kept).chain("==".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use komerza_connect::provider::CODE_LIFETIME;

    fn grant(client_id: &str) -> Grant {
        Grant { client_id: client_id.to_owned(), account: 0, stores: Vec::new(), scopes: Vec::new() }
    }

    fn redeem(codes: &mut Codes, code: &str, client_id: &str, second: u64) -> Result<Grant, ExchangeRefusal> {
        codes.redeem(code, client_id, Duration::from_secs(second), CODE_LIFETIME)
    }

    #[test]
    fn a_code_is_good_once_and_only_for_its_app() {
        let mut codes = Codes::default();
        codes.issue("one".into(), grant("app"), Duration::ZERO, CODE_LIFETIME);
        assert_eq!(redeem(&mut codes, "two", "app", 1).unwrap_err(), ExchangeRefusal::InvalidCode);
        assert_eq!(redeem(&mut codes, "one", "other", 1).unwrap_err(), ExchangeRefusal::InvalidCode);
        assert_eq!(redeem(&mut codes, "one", "app", 1).unwrap().client_id, "app");
        assert_eq!(redeem(&mut codes, "one", "app", 1).unwrap_err(), ExchangeRefusal::InvalidCode);
    }

    #[test]
    fn a_code_lives_sixty_seconds_and_not_longer() {
        let mut codes = Codes::default();
        for code in ["a", "b", "c"] {
            codes.issue(code.into(), grant("app"), Duration::from_secs(100), CODE_LIFETIME);
        }
        assert!(redeem(&mut codes, "a", "app", 159).is_ok());
        assert!(redeem(&mut codes, "b", "app", 160).is_ok());
        assert_eq!(redeem(&mut codes, "c", "app", 161).unwrap_err(), ExchangeRefusal::CodeExpired);
        assert_eq!(redeem(&mut codes, "b", "app", 161).unwrap_err(), ExchangeRefusal::InvalidCode);
    }

    #[test]
    fn memory_of_old_codes_is_bounded() {
        let mut codes = Codes::default();
        for number in 0..REMEMBERED {
            codes.issue(number.to_string(), grant("app"), Duration::ZERO, CODE_LIFETIME);
        }
        codes.issue("late".into(), grant("app"), Duration::from_secs(3600), CODE_LIFETIME);
        assert_eq!(codes.issued.len(), 1);
    }

    #[test]
    fn base64_codes_end_in_padding() {
        assert_eq!(shaped("abcdefgh".into(), &CodeAlphabet::Base64), "abcdef==");
        assert_eq!(shaped("abcdefgh".into(), &CodeAlphabet::UrlSafe), "abcdefgh");
    }
}
