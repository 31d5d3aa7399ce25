//! What a store with one flaw makes of rewriting, listing and removing.

use super::broken_stores::{Broken, away, linger};
use super::{flaws::Flaw, *};
use komerza_connect::store::ListedUser;

#[async_trait]
impl ReplaceIf for Broken {
    async fn replace_if(&self, user: &UserId, token: &StoredToken) -> Result<bool, StoreError> {
        let (place, version) = (self.place(user), token.version().to_string());
        let (there, same) = {
            let shelf = self.shelf();
            (shelf.records.contains_key(&place), shelf.holds(&place, &version))
        };
        match self.flaw {
            Flaw::ReplaceIfDoesNothing => return Ok(same),
            Flaw::ReplaceIfInTwoSteps => linger().await,
            Flaw::ReplaceIfIgnoresTheVersion if there => {}
            Flaw::ReplaceIfInserts if !there => {}
            _ if !self.shelf().holds(&place, &version) => return Ok(false),
            _ => {}
        }
        if self.is(Flaw::ReplaceIfInTwoSteps) && !same {
            return Ok(false);
        }
        self.shelf().records.insert(place, token.to_text());
        Ok(true)
    }
}

#[async_trait]
impl ListUsers for Broken {
    async fn list_users(&self, cursor: Option<&str>, limit: usize) -> Result<UserPage, StoreError> {
        self.reach(Flaw::PingsLie).await?;
        let shelf = self.shelf();
        if self.is(Flaw::DamageEndsTheListing) && !shelf.damaged.is_empty() {
            return Err(StoreError::unreadable("damaged"));
        }
        let mut all: BTreeMap<_, _> = shelf.records.iter().collect();
        let gone = String::new();
        if self.is(Flaw::RemovedUsersAreListed) {
            all.extend(shelf.tombs.iter().map(|place| (place, &gone)));
        }
        let limit = match (self.flaw, limit) {
            (Flaw::ZeroIsNobody, 0) => return Ok(UserPage::default()),
            (Flaw::ZeroIsWithoutEnd, 0) => return Ok(UserPage::new(Vec::new(), Some(cursor.unwrap_or("").to_owned()))),
            _ => limit.max(1),
        };
        let mut page: Vec<_> = all
            .into_iter()
            .filter(|(place, _)| {
                cursor.is_none_or(|last| {
                    place.as_str() > last || (self.is(Flaw::CursorsAreInclusive) && place.as_str() == last)
                })
            })
            .collect();
        let next = (page.len() > limit).then(|| page[limit - 1].0.clone());
        page.truncate(limit);
        if self.is(Flaw::PagesLoseTheirLast) && next.is_some() {
            page.pop();
        }
        let listed = |(place, text): (&String, &String)| {
            let record = StoredToken::from_text(text).ok().filter(|_| !shelf.damaged.contains(place));
            ListedUser::new(UserId::new(place.as_str()).unwrap(), record.as_ref())
        };
        Ok(UserPage::new(page.into_iter().map(listed).collect(), next))
    }

    async fn remove_older(
        &self,
        prefix: &str,
        than: SystemTime,
        limit: usize,
    ) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        let limit = if self.is(Flaw::LimitsAreIgnored) { usize::MAX } else { limit };
        let prefix = if self.is(Flaw::PrefixesAreIgnored) { "" } else { prefix };
        let old = |text: &str| {
            let at = StoredToken::from_text(text).unwrap().saved_at();
            at < than || (self.is(Flaw::TheYoungAreRemoved) && at == than)
        };
        let found: Vec<_> = {
            let shelf = self.shelf();
            let whole = |place: &String| self.is(Flaw::DamageIsTooOld) || !shelf.damaged.contains(place);
            let found =
                shelf.records.iter().filter(|(place, text)| place.starts_with(prefix) && old(text) && whole(place));
            found.map(|(place, text)| (place.clone(), text.clone())).take(limit).collect()
        };
        if self.is(Flaw::RemoveOlderInTwoSteps) {
            linger().await;
        }
        let mut shelf = self.shelf();
        let removed = found.iter().filter_map(|(place, text)| {
            let still = self.is(Flaw::RemoveOlderInTwoSteps) || shelf.records.get(place) == Some(text);
            (still && shelf.take(place)).then(|| (place, text.clone()))
        });
        let removed =
            removed.map(|(place, text)| (UserId::new(place.as_str()).unwrap(), StoredToken::from_text(&text).unwrap()));
        let removed: Vec<_> = removed.collect();
        Ok(if self.is(Flaw::RemovalsAreNotTold) { Vec::new() } else { removed })
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.is(Flaw::PingsFail) { Err(away()) } else { self.reach(Flaw::PingsLie).await.map(drop) }
    }
}
