//! A store with one deliberate flaw at a time, of the kinds that real stores have had.

use super::broken_network::{Far, server};
use super::flaws::Flaw;
use super::*;
use std::sync::MutexGuard;
use tokio::sync::Semaphore;

/// What lies in "storage": one honest map, and what some flaws remember beside it.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) records: HashMap<String, String>,
    pub(super) damaged: HashSet<String>,
    piles: HashMap<String, Vec<String>>,
    keys: HashMap<String, String>,
    pub(super) tombs: HashSet<String>,
    resaved: HashSet<String>,
    current: String,
    nodes: usize,
}

impl Shelf {
    pub(super) fn take(&mut self, place: &str) -> bool {
        self.damaged.remove(place);
        self.records.remove(place).is_some()
    }

    pub(super) fn holds(&self, place: &str, version: &str) -> bool {
        self.records.get(place).is_some_and(|text| text.contains(version))
    }
}

pub(super) struct Broken {
    pub(super) flaw: Flaw,
    shared: Arc<Mutex<Shelf>>,
    /// What this node alone believes.
    own: Mutex<HashMap<String, Option<String>>>,
    permits: Semaphore,
    reachable: bool,
}

/// A contract over stores with that flaw, with every claim.
pub(super) fn contract(flaw: Flaw) -> Contract {
    let shared = Arc::new(Mutex::new(Shelf::default()));
    let (opened, damaged, replaced) = (shared.clone(), shared.clone(), shared.clone());
    Contract::new(move || {
        let shared = if flaw == Flaw::NothingIsShared { Arc::default() } else { opened.clone() };
        Broken::open(flaw, shared, true)
    })
    .any_id()
    .outlives_restarts()
    .shared_by_nodes()
    .lists()
    .replaces(move || Broken::open(flaw, replaced.clone(), true))
    .over_network(server(), move |address| async move { Far::at(flaw, address) })
    // A store that waits is found by this deadline; any other gets all the time that a slow machine takes.
    .deadline(if matches!(flaw, Flaw::WaitsForEver | Flaw::LoadsHang) { Duration::from_secs(2) } else { PATIENCE })
    .unreachable(move || Broken::open(flaw, shared.clone(), false))
    .damaged_by(move |user| {
        damaged.lock().unwrap().damaged.insert(user.as_str().to_owned());
        async {}
    })
}

/// Long enough for the other call to overtake this one.
pub(super) async fn linger() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

pub(super) fn away() -> StoreError {
    StoreError::unavailable("nobody there")
}

impl Broken {
    async fn open(flaw: Flaw, shared: Arc<Mutex<Shelf>>, reachable: bool) -> Self {
        if flaw == Flaw::OneNodeAtATime {
            shared.lock().unwrap().nodes += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
            let nodes = std::mem::take(&mut shared.lock().unwrap().nodes);
            assert!(nodes <= 1, "relation already exists");
        }
        Self { flaw, shared, own: Mutex::default(), permits: Semaphore::new(10), reachable }
    }

    pub(super) fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    pub(super) fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shared.lock().unwrap()
    }

    fn own(&self, place: String, text: Option<String>) -> Result<(), StoreError> {
        self.own.lock().unwrap().insert(place, text);
        Ok(())
    }

    /// Where the record of a user is kept.
    pub(super) fn place(&self, user: &UserId) -> String {
        let id = user.as_str();
        match self.flaw {
            Flaw::IdsAreLowered => id.to_lowercase(),
            Flaw::IdsAreFolded => id.replace('ß', "ss").replace('\u{212a}', "k").replace('ς', "σ"),
            Flaw::IdsAreComposed => id.replace("e\u{301}", "é"),
            Flaw::IdsAreTrimmed => id.trim().to_owned(),
            Flaw::IdsEndAtAQuote => id.split('\'').next().unwrap_or_default().to_owned(),
            Flaw::IdsArePaths => id.replace("/./", "/").replace("//", "/").replace("%2F", "/"),
            Flaw::IdsAreGlobs => id.replace(['%', '_', '*'], ""),
            Flaw::IdsAreCutAt17 => id.chars().take(17).collect(),
            Flaw::IdsAreNumbers => id.parse::<f64>().map_or(id.to_owned(), |number| number.to_string()),
            Flaw::IdsAreCutAt254 => id.chars().take(254).collect(),
            Flaw::IdsAreLatin => id.chars().map(|one| if one > '\u{ff}' { '?' } else { one }).collect(),
            _ => id.to_owned(),
        }
    }

    /// Waits as a real store does before its one step; whether the store can then be reached.
    pub(super) async fn reach(&self, confirms_all_the_same: Flaw) -> Result<bool, StoreError> {
        if self.is(Flaw::PermitsAreLost) {
            self.permits.acquire().await.map_err(StoreError::unavailable)?.forget();
            yield_now().await;
            self.permits.add_permits(1);
        }
        yield_now().await;
        match self.reachable {
            false if !self.is(confirms_all_the_same) => Err(away()),
            reachable => Ok(reachable),
        }
    }

    /// Leaves a record that is neither there nor gone.
    async fn halve(&self, place: &str) {
        if let Some(text) = self.shelf().records.get_mut(place) {
            text.truncate(9);
        }
        linger().await;
    }
}

#[async_trait]
impl TokenStore for Broken {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let mut place = self.place(user);
        if !self.reach(Flaw::OutageIsNone).await? {
            return Ok(None);
        }
        if self.is(Flaw::LoadsHang) {
            std::future::pending::<()>().await;
        }
        if self.is(Flaw::OneUserAtATime) {
            self.shelf().current = place;
            linger().await;
            place = self.shelf().current.clone();
        }
        let (stored, damaged) = {
            let shelf = self.shelf();
            let any = self.is(Flaw::DamageConcernsAll) && !shelf.damaged.is_empty();
            (shelf.records.get(&place).cloned(), any || shelf.damaged.contains(&place))
        };
        let known = self.own.lock().unwrap().get(&place).cloned();
        let text = known.unwrap_or(stored);
        match self.flaw {
            Flaw::LoadsAreRemembered => self.own(place, text.clone())?,
            Flaw::MissingIsAnError if text.is_none() => return Err(StoreError::unavailable("no rows")),
            Flaw::LoadsOnce => drop(self.shelf().take(&place)),
            Flaw::LoadTakesAndPutsBack => {
                self.shelf().take(&place);
                linger().await;
                text.clone().map(|text| self.shelf().records.insert(place, text));
            }
            Flaw::DamageIsNone if damaged => return Ok(None),
            Flaw::DamageIsQuoted if damaged => return Err(StoreError::unreadable(text.unwrap_or_default())),
            // The driver shows the first characters of the value, and the key is the last of them.
            Flaw::DamageIsQuotedInPart if damaged => {
                let text = text.unwrap_or_default();
                let key = StoredToken::from_text(&text)?.api_key()?.expose_secret().to_owned();
                return Err(StoreError::unreadable(text.replace(&key, &key[..key.len() - 1])));
            }
            // Its `Display` says a position only, its `Debug` every byte.
            Flaw::DamageIsKeptAsItsCause if damaged => {
                let bytes = [text.unwrap_or_default().into_bytes(), vec![0xff]].concat();
                return Err(StoreError::unreadable(String::from_utf8(bytes).unwrap_err()));
            }
            _ if damaged => return Err(StoreError::unreadable("damaged")),
            _ => {}
        }
        let text = text.map(|text| if self.is(Flaw::TimeIsLost) { without_time(&text) } else { text });
        text.map(|text| StoredToken::from_text(&text)).transpose()
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let (place, mut text, version) = (self.place(user), token.to_text(), token.version().to_string());
        let key = token.api_key()?.expose_secret().to_owned();
        if self.is(Flaw::ErrorsQuoteTheKey) && !self.reachable {
            return Err(StoreError::unavailable(format!("cannot write {text}")));
        }
        if !self.reach(Flaw::OutageSaves).await? {
            return Ok(());
        }
        let before = self.shelf().records.get(&place).cloned();
        let damaged = self.shelf().damaged.contains(&place);
        match self.flaw {
            Flaw::LoadsAreRemembered => self.own(place.clone(), Some(text.clone()))?,
            Flaw::SavesAreSlow => tokio::time::sleep(Duration::from_secs(3)).await,
            Flaw::NotesAreLost => text = token.clone().with_note(None).to_text(),
            Flaw::ShortKeysAreRefused if key.len() < 8 => return Err(StoreError::unavailable("not a JWT")),
            Flaw::ShortIdsAreRefused if place.len() < 8 => return Err(StoreError::unavailable("not a UUID")),
            Flaw::DamageCannotBeReplaced if damaged => return Err(StoreError::unreadable("damaged")),
            Flaw::FirstSaveWins if before.is_some() => return Ok(()),
            Flaw::SameKeyIsSkipped if before.as_ref().is_some_and(|text| text.contains(&key)) => return Ok(()),
            Flaw::DeletedForEver if self.shelf().tombs.contains(&place) => return Ok(()),
            Flaw::KeysAreCut => text = text.replace(&key, &key[..key.len().min(4096)]),
            Flaw::BackslashesAreEaten => text = text.replace("\\\\", ""),
            Flaw::ReplacementsStayLocal if before.is_some() => return self.own(place, Some(text)),
            Flaw::LongValuesStayLocal if key.len() > 8192 => return self.own(place, Some(text)),
            Flaw::ComparesWithWhatItSawLast => self.own(format!("seen {place}"), Some(version.clone()))?,
            Flaw::SavesPileUp => self.shelf().piles.entry(place.clone()).or_default().push(text.clone()),
            Flaw::SaveDeletesFirst => {
                self.shelf().take(&place);
                linger().await;
            }
            // The version of this record with the key of none.
            Flaw::SavesInTwoSteps => {
                self.shelf().records.insert(place.clone(), text.replace(&key, "half-of-a-key"));
                linger().await;
                if self.shelf().records.get(&place).is_some_and(|text| !text.contains(&version)) {
                    return Ok(());
                }
            }
            // Whoever was overtaken writes half of its record, and writes it last.
            Flaw::RacingSavesStayHalf => {
                self.shelf().current = version.clone();
                linger().await;
                if self.shelf().current != version {
                    text = text.replace(&key, "half-of-a-key");
                    linger().await;
                    linger().await;
                }
            }
            _ => {}
        }
        let mut shelf = self.shelf();
        shelf.damaged.remove(&place);
        shelf.keys.insert(version, key);
        if shelf.records.get(&place) == Some(&text) {
            shelf.resaved.insert(place.clone());
        }
        shelf.records.insert(place, text);
        Ok(())
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        let place = self.place(user);
        let before = self.shelf().records.get(&place).cloned();
        if !self.reach(Flaw::OutageDeletes).await? {
            return Ok(());
        }
        let there = self.shelf().records.contains_key(&place);
        let damaged = self.shelf().damaged.contains(&place);
        match self.flaw {
            Flaw::DeleteIsForgotten => return Ok(()),
            Flaw::DeleteOfNothingFails if !there => return Err(StoreError::unavailable("0 rows")),
            Flaw::DamageCannotBeDeleted if damaged => return Err(StoreError::unreadable("damaged")),
            Flaw::RemovalsStayLocal => return self.own(place, None),
            Flaw::LoadsAreRemembered => self.own(place.clone(), None)?,
            Flaw::DeletesInTwoSteps => self.halve(&place).await,
            Flaw::SlowDeletesLeaveHalf => {
                linger().await;
                if self.shelf().records.get(&place) != before.as_ref() {
                    self.halve(&place).await;
                    return Ok(());
                }
            }
            _ => {}
        }
        let mut shelf = self.shelf();
        shelf.take(&place);
        shelf.tombs.insert(place.clone());
        if self.is(Flaw::DeleteRemovesNeighbours) {
            shelf.records.retain(|other, _| !other.starts_with(&place));
        }
        let pile = shelf.piles.entry(place.clone()).or_default();
        pile.pop();
        pile.last().cloned().map(|text| shelf.records.insert(place, text));
        Ok(())
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let (place, version) = (self.place(user), version.to_string());
        if !self.reach(Flaw::OutageDeletes).await? {
            return Ok(false);
        }
        let there = self.shelf().records.contains_key(&place);
        let same = self.shelf().holds(&place, &version);
        match self.flaw {
            Flaw::DeleteIfDoesNothing => return Ok(false),
            Flaw::DeleteIfIsAlwaysTrue => {
                self.shelf().take(&place);
                return Ok(true);
            }
            Flaw::DeleteIfIgnoresTheVersion => return Ok(self.shelf().take(&place)),
            Flaw::DeleteIfRemovesWhatItDoesNotKnow if !self.shelf().keys.contains_key(&version) => {
                return Ok(self.shelf().take(&place));
            }
            Flaw::DeleteIfComparesKeys => {
                let mut shelf = self.shelf();
                let key = shelf.keys.get(&version).cloned().unwrap_or(version);
                return Ok(shelf.holds(&place, &key) && shelf.take(&place));
            }
            Flaw::DeleteIfLooksEverywhere => {
                let mut shelf = self.shelf();
                let before = shelf.records.len();
                shelf.records.retain(|_, text| !text.contains(&version));
                return Ok(shelf.records.len() < before);
            }
            Flaw::DeleteIfForgetsRepeatedSaves if self.shelf().resaved.contains(&place) => return Ok(false),
            Flaw::RemovalsStayLocal => self.own(place.clone(), None)?,
            Flaw::LoadsAreRemembered if same => self.own(place.clone(), None)?,
            Flaw::ComparesWithWhatItSawLast if there => {
                let seen = self.own.lock().unwrap().get(&format!("seen {place}")).cloned().flatten();
                return Ok(seen == Some(version) && self.shelf().take(&place));
            }
            Flaw::DeleteIfInTwoSteps => {
                linger().await;
                self.shelf().take(&place);
                return Ok(same);
            }
            Flaw::DeletesInTwoSteps if same => {
                self.halve(&place).await;
                return Ok(self.shelf().take(&place));
            }
            _ => {}
        }
        let mut shelf = self.shelf();
        Ok(shelf.holds(&place, &version) && shelf.take(&place))
    }

    fn lists_users(&self) -> Option<&dyn ListUsers> {
        Some(self)
    }
}

/// The record as of 1970.
fn without_time(text: &str) -> String {
    let (before, after) = text.split_once("\"saved_at\":").unwrap();
    format!("{before}\"saved_at\":0{}", after.trim_start_matches(|one: char| one.is_ascii_digit()))
}
