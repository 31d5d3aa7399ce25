//! Listing the users: SCAN over every primary, one after the other.

use super::{RedisStore, line::Then, read};
use crate::store::{
    ListUsers, ListedUser, Removed, StoreError, StoredToken, TokenStore, UserPage, list_users::what_was_removed,
};
use crate::user::UserId;
use redis::Value;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// Keys that one SCAN of a removal looks at.
const SCANNED: usize = 500;

/// Slots of a Redis Cluster.
const SLOTS: u16 = 16_384;

/// Where a listing is: the lowest slot of a primary, and that server's own cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    slot: u16,
    cursor: u64,
}

impl Place {
    const START: Self = Self { slot: 0, cursor: 0 };

    fn read(cursor: &str) -> Option<Self> {
        let (slot, cursor) = cursor.split_once(' ')?;
        let slot = slot.parse().ok().filter(|slot| *slot < SLOTS)?;
        Some(Self { slot, cursor: cursor.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{} {}", self.slot, self.cursor)
    }

    /// The next place, once the server gave `cursor`. Zero: this server is done.
    fn next(self, cursor: u64, primaries: &[u16]) -> Option<Self> {
        match cursor {
            0 => primaries.iter().find(|slot| **slot > self.slot).map(|slot| Self { slot: *slot, cursor: 0 }),
            cursor => Some(Self { cursor, ..self }),
        }
    }
}

/// The lowest slot of each primary in what CLUSTER SLOTS answers, in order.
fn primaries(mut ranges: Vec<(u16, u16, Vec<Value>)>) -> Vec<u16> {
    ranges.sort_by_key(|(first, ..)| *first);
    let mut nodes: Vec<(u16, Vec<Value>)> = Vec::new();
    for (first, _, mut node) in ranges {
        // The host and the port tell nodes apart.
        node.truncate(2);
        if nodes.iter().all(|(_, known)| *known != node) {
            nodes.push((first, node));
        }
    }
    nodes.into_iter().map(|(first, _)| first).collect()
}

/// Text that matches only itself in a pattern of Redis.
fn literally(text: &str) -> String {
    text.chars().flat_map(|c| ["*?[]\\^".contains(c).then_some('\\'), Some(c)]).flatten().collect()
}

/// A record, `None` if it cannot be read, and whose it is.
type Found = (UserId, Option<StoredToken>);

impl RedisStore {
    async fn primaries(&self) -> Result<Vec<u16>, StoreError> {
        if !self.line.address.is_cluster() {
            return Ok(vec![0]);
        }
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let ranges: Vec<Vec<Value>> = self.line.ask(&command, Then::ReadOf { slot: 0 }).await?;
        let range = |range: Vec<Value>| redis::from_redis_value(Value::Array(range.into_iter().take(3).collect())).ok();
        Ok(primaries(ranges.into_iter().filter_map(range).collect()))
    }

    /// The records that one SCAN finds, and where the next one begins.
    async fn scan(&self, place: Place, prefix: &str, count: usize) -> Result<(Vec<Found>, Option<Place>), StoreError> {
        let mut command = redis::cmd("SCAN");
        let pattern = format!("{}{}*", literally(&self.prefix), literally(prefix));
        command.arg(place.cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(count.max(1));
        let (cursor, keys): (u64, Vec<Vec<u8>>) = self.line.ask(&command, Then::ReadOf { slot: place.slot }).await?;
        let user = |key: &Vec<u8>| UserId::new(std::str::from_utf8(key).ok()?.strip_prefix(&*self.prefix)?).ok();
        let users: Vec<_> = keys.iter().filter_map(user).collect();
        let primaries = if cursor == 0 { self.primaries().await? } else { Vec::new() };
        let next = place.next(cursor, &primaries);
        if users.is_empty() {
            return Ok((Vec::new(), next));
        }
        let mut command = redis::cmd("MGET");
        command.arg(users.iter().map(|user| self.key(user)).collect::<Vec<_>>());
        let records: Vec<Option<Vec<u8>>> = self.line.ask(&command, Then::Read).await?;
        let found = users.into_iter().zip(records);
        // What is gone by now is not listed.
        let found = found.filter_map(|(user, record)| Some((user, read(&Zeroizing::new(record?)).ok())));
        Ok((found.collect(), next))
    }
}

#[async_trait::async_trait]
impl ListUsers for RedisStore {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        let unknown = || StoreError::misconfigured("this cursor is not from this store");
        let place = cursor.map_or(Some(Place::START), Place::read).ok_or_else(unknown)?;
        let (found, next) = self.scan(place, "", limit).await?;
        let users = found.into_iter().map(|(user, record)| ListedUser::new(user, record.as_ref())).collect();
        Ok(UserPage::new(users, next.map(Place::text)))
    }

    async fn remove_older(&self, prefix: &str, than: SystemTime, limit: usize) -> Result<Removed, StoreError> {
        let (mut removed, mut place) = (Vec::new(), Some(Place::START));
        let outcome = async {
            while let Some(here) = place {
                let (found, next) = self.scan(here, prefix, SCANNED).await?;
                for (user, record) in found {
                    let Some(record) = record.filter(|record| record.saved_at() < than) else { continue };
                    if removed.len() >= limit {
                        return Ok(());
                    }
                    if self.delete_if(&user, record.version()).await? {
                        removed.push((user, record));
                    }
                }
                place = next;
            }
            Ok(())
        };
        let outcome = outcome.await;
        what_was_removed(removed, outcome)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.line.ask::<Value>(&redis::cmd("PING"), Then::Read).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_goes_from_primary_to_primary() {
        let node = |port: i64| vec![Value::SimpleString("a".into()), Value::Int(port), Value::Nil];
        let ranges = vec![(9_000, 16_383, node(1)), (0, 99, node(1)), (100, 4_999, node(2)), (5_000, 8_999, node(3))];
        let primaries = primaries(ranges);
        assert_eq!(primaries, [0, 100, 5_000]);

        let mut place = Some(Place::START);
        let mut seen = Vec::new();
        for cursor in [7, 0, 0, 3, 0] {
            let here = place.unwrap();
            assert_eq!(Place::read(&here.text()), Some(here));
            seen.push((here.slot, here.cursor));
            place = here.next(cursor, &primaries);
        }
        assert_eq!(seen, [(0, 0), (0, 7), (100, 0), (5_000, 0), (5_000, 3)]);
        assert_eq!(place, None);
    }

    #[test]
    fn a_cursor_of_somebody_else_is_no_place() {
        for cursor in ["", "0", "a b", "0 -1", "70000 0", "16384 0", "0 0 0"] {
            assert_eq!(Place::read(cursor), None, "{cursor}");
        }
    }

    #[test]
    fn a_prefix_matches_only_itself() {
        assert_eq!(literally("a*?[b]\\^:"), "a\\*\\?\\[b\\]\\\\\\^:");
    }
}
