//! API keys: what they look like, whom they belong to, whether they still live.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use super::{bucket::Bucket, grant::Grant, switches::Reconnect};
use komerza_connect::{provider, store::KeyFingerprint};

pub(super) struct KeyRecord {
    pub(super) grant: Arc<Grant>,
    pub(super) issued: SystemTime,
    pub(super) revoked: bool,
    pub(super) bucket: Bucket,
}

/// An app that an account is connected to. It is one entry, even if it has several valid keys.
pub(super) struct Integration {
    pub(super) id: String,
    pub(super) since: SystemTime,
    living: usize,
}

/// Every key ever given, in the order of issue.
#[derive(Default)]
pub(super) struct Keys {
    records: HashMap<String, KeyRecord>,
    order: Vec<String>,
    /// By account and client ID.
    integrations: BTreeMap<(usize, String), Integration>,
}

impl Keys {
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut KeyRecord> {
        self.records.get_mut(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &KeyRecord)> {
        self.order.iter().filter_map(|key| Some((key.as_str(), self.records.get(key)?)))
    }

    /// Client IDs of the apps that an account is connected to.
    pub(super) fn integrations(&self, account: usize) -> impl Iterator<Item = (&str, &Integration)> {
        let of_account = self.integrations.iter().filter(move |((owner, _), _)| *owner == account);
        of_account.map(|((_, client_id), integration)| (client_id.as_str(), integration))
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
        let older = |keys: &Self| -> Vec<String> {
            keys.order.iter().filter(|key| keys.records.get(*key).is_some_and(same)).cloned().collect()
        };
        match reconnect {
            Reconnect::NewKey => {}
            Reconnect::SameKey => {
                if let Some(key) = older(self).pop()
                    && let Some(record) = self.records.get_mut(&key)
                {
                    record.grant = Arc::new(grant);
                    return key;
                }
            }
            Reconnect::ReplaceKey => older(self).iter().for_each(|key| {
                let _ = self.revoke(key);
            }),
        }
        let connected = self.integrations.entry((grant.account, grant.client_id.clone()));
        let integration = connected.or_insert(Integration { id: fresh.integration, since: now.0, living: 0 });
        integration.living = integration.living.saturating_add(1);
        let bucket = Bucket::full(provider::KEY_BUCKET, now.1);
        let record = KeyRecord { grant: Arc::new(grant), issued: now.0, revoked: false, bucket };
        self.records.insert(fresh.text.clone(), record);
        self.order.push(fresh.text.clone());
        fresh.text
    }

    /// Revokes a key. Returns whether it was valid before.
    pub(super) fn revoke(&mut self, key: &str) -> bool {
        let Some(record) = self.records.get_mut(key).filter(|record| !record.revoked) else { return false };
        record.revoked = true;
        let connected = (record.grant.account, record.grant.client_id.clone());
        if let Some(integration) = self.integrations.get_mut(&connected) {
            integration.living = integration.living.saturating_sub(1);
            if integration.living == 0 {
                self.integrations.remove(&connected);
            }
        }
        true
    }

    /// Revokes the living key with this fingerprint.
    pub(super) fn revoke_by_fingerprint(&mut self, fingerprint: &str) -> bool {
        let found = self.order.iter().find(|key| KeyFingerprint::of(key).to_string() == fingerprint).cloned();
        found.is_some_and(|key| self.revoke(&key))
    }

    /// How many keys were revoked.
    pub(super) fn revoke_all(&mut self) -> usize {
        self.integrations.clear();
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
    fn an_app_is_one_integration_as_long_as_one_of_its_keys_lives() {
        let mut keys = Keys::default();
        let first = issue(&mut keys, "1", 0, Reconnect::NewKey);
        let second = issue(&mut keys, "2", 0, Reconnect::NewKey);
        issue(&mut keys, "3", 1, Reconnect::NewKey);
        assert_eq!(keys.integrations(0).map(|(app, _)| app).collect::<Vec<_>>(), ["app"]);
        keys.revoke(&first);
        assert_eq!(keys.integrations(0).count(), 1);
        keys.revoke(&second);
        assert_eq!((keys.integrations(0).count(), keys.integrations(1).count()), (0, 1));
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
