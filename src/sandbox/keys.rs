//! API keys: what they look like, whom they belong to, whether they still live.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{bucket::Bucket, grant::Grant, switches::Reconnect};
use crate::{KeyFingerprint, provider};

pub(super) struct KeyRecord {
    pub(super) grant: Grant,
    pub(super) integration: String,
    pub(super) issued: SystemTime,
    pub(super) revoked: bool,
    pub(super) bucket: Bucket,
}

/// Every key ever given, in the order of issue.
#[derive(Default)]
pub(super) struct Keys {
    records: HashMap<String, KeyRecord>,
    order: Vec<String>,
}

impl Keys {
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut KeyRecord> {
        self.records.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &KeyRecord)> {
        self.order.iter().filter_map(|key| Some((key.as_str(), self.records.get(key)?)))
    }

    /// The key for `grant` under the rule `reconnect`; `fresh` is used when a new one is due.
    pub(super) fn issue(
        &mut self,
        fresh: FreshKey,
        grant: Grant,
        reconnect: Reconnect,
        now: (SystemTime, Duration),
    ) -> String {
        let same = |record: &KeyRecord| {
            !record.revoked && record.grant.client_id == grant.client_id && record.grant.account == grant.account
        };
        match reconnect {
            Reconnect::NewKey => {}
            Reconnect::SameKey => {
                let known = self.order.iter().rev().find(|key| self.records.get(*key).is_some_and(same)).cloned();
                if let Some((key, record)) = known.and_then(|key| Some((key.clone(), self.records.get_mut(&key)?))) {
                    record.grant = grant;
                    return key;
                }
            }
            Reconnect::ReplaceKey => {
                self.records.values_mut().filter(|record| same(record)).for_each(|record| record.revoked = true);
            }
        }
        let bucket = Bucket::full(provider::KEY_BUCKET, now.1);
        let record = KeyRecord { grant, integration: fresh.integration, issued: now.0, revoked: false, bucket };
        self.records.insert(fresh.text.clone(), record);
        self.order.push(fresh.text.clone());
        fresh.text
    }

    /// Whether a living key was revoked.
    pub(super) fn revoke(&mut self, key: &str) -> bool {
        self.records.get_mut(key).is_some_and(|record| !std::mem::replace(&mut record.revoked, true))
    }

    /// Revokes the living key with this fingerprint.
    pub(super) fn revoke_by_fingerprint(&mut self, fingerprint: &str) -> bool {
        let found = self.order.iter().find(|key| KeyFingerprint::of(key).to_string() == fingerprint).cloned();
        found.is_some_and(|key| self.revoke(&key))
    }

    /// How many keys were revoked.
    pub(super) fn revoke_all(&mut self) -> usize {
        let living = self.records.values_mut().filter(|record| !record.revoked);
        living.map(|record| record.revoked = true).count()
    }
}

pub(super) struct FreshKey {
    text: String,
    integration: String,
}

impl FreshKey {
    /// A key in the form of a JWT that says of itself that it is fake; `unique` tells keys apart.
    pub(super) fn new(client_id: &str, user_id: &str, unique: &str, integration: String) -> Self {
        let header = json!({ "alg": "none", "typ": "JWT" });
        let claims = json!({
            "sandbox": true,
            "note": "obviously fake: a key of the komerza-connect sandbox",
            "app": client_id,
            "sub": user_id,
            "jti": unique,
        });
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let signature = part("obviously-fake-signature".to_owned());
        Self { text: format!("{}.{}.{signature}", part(header.to_string()), part(claims.to_string())), integration }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn issue(keys: &mut Keys, unique: &str, account: usize, reconnect: Reconnect) -> String {
        let grant = Grant { client_id: "app".into(), account, stores: vec![unique.into()], scopes: Vec::new() };
        let fresh = FreshKey::new("app", "user", unique, "integration".into());
        keys.issue(fresh, grant, reconnect, (UNIX_EPOCH, Duration::ZERO))
    }

    fn lives(keys: &mut Keys, key: &str) -> bool {
        keys.get_mut(key).is_some_and(|record| !record.revoked)
    }

    #[test]
    fn a_key_is_a_jwt_that_says_it_is_fake() {
        let key = issue(&mut Keys::default(), "1", 0, Reconnect::NewKey);
        let parts: Vec<_> = key.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts.len(), 3);
        let claims: serde_json::Value = serde_json::from_slice(&parts[1]).unwrap();
        assert_eq!(claims["sandbox"], true);
        assert_eq!(parts[2], b"obviously-fake-signature");
    }

    #[test]
    fn a_new_key_leaves_the_old_one_alive() {
        let mut keys = Keys::default();
        let old = issue(&mut keys, "1", 0, Reconnect::NewKey);
        let new = issue(&mut keys, "2", 0, Reconnect::NewKey);
        assert_ne!(old, new);
        assert!(lives(&mut keys, &old) && lives(&mut keys, &new));
    }

    #[test]
    fn the_same_key_comes_again_with_the_new_choice_of_stores() {
        let mut keys = Keys::default();
        let old = issue(&mut keys, "1", 0, Reconnect::NewKey);
        assert_eq!(issue(&mut keys, "2", 0, Reconnect::SameKey), old);
        assert_eq!(keys.get_mut(&old).unwrap().grant.stores, ["2"]);
        assert_ne!(issue(&mut keys, "3", 1, Reconnect::SameKey), old);
        assert!(keys.revoke(&old));
        assert_ne!(issue(&mut keys, "4", 0, Reconnect::SameKey), old);
    }

    #[test]
    fn a_replaced_key_is_dead_and_others_are_not() {
        let mut keys = Keys::default();
        let old = issue(&mut keys, "1", 0, Reconnect::NewKey);
        let of_another = issue(&mut keys, "2", 1, Reconnect::NewKey);
        let new = issue(&mut keys, "3", 0, Reconnect::ReplaceKey);
        assert!(!lives(&mut keys, &old) && lives(&mut keys, &new) && lives(&mut keys, &of_another));
    }

    #[test]
    fn revoking_counts_living_keys_only() {
        let mut keys = Keys::default();
        let key = issue(&mut keys, "1", 0, Reconnect::NewKey);
        let other = issue(&mut keys, "2", 0, Reconnect::NewKey);
        assert!(keys.revoke(&key));
        assert!(!keys.revoke(&key));
        assert!(!keys.revoke_by_fingerprint("unknown"));
        assert!(keys.revoke_by_fingerprint(&KeyFingerprint::of(&other).to_string()));
        assert_eq!(keys.revoke_all(), 0);
        assert_eq!(keys.iter().count(), 2);
    }
}
