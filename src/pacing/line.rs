//! Who is next among those who wait for a token of one bucket.
//!
//! 1. [`Page`](Priority::Page) calls go before [`Background`](Priority::Background) calls, which get every
//!    fourth token while both wait.
//! 2. Exchanges take turns by party: in each round each party gets one token, however many of its requests
//!    wait.
//! 3. Within a party, first come, first served. A request that had a turn before and was refused goes to the
//!    front.

use super::Priority;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::Notify;

/// One token in so many goes to a background call, when both kinds wait.
const BACKGROUND_SHARE: u32 = 4;

/// For whom a token is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// A call.
    Call(Priority),
    /// An exchange, by a hash of the one who is charged for it.
    Charged([u8; 32]),
}

const PAGE: Party = Party::Call(Priority::Page);
const BACKGROUND: Party = Party::Call(Priority::Background);

/// A place in the line.
#[derive(Debug, Default)]
pub(super) struct Place {
    granted: AtomicBool,
    pub(super) wake: Notify,
}

impl Place {
    pub(super) fn is_granted(&self) -> bool {
        self.granted.load(Ordering::Relaxed)
    }

    pub(super) fn grant(&self) {
        self.granted.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }
}

/// Those who wait, by party.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// None is empty. The first is next, except that a page can go before a background call.
    parties: VecDeque<(Party, VecDeque<Arc<Place>>)>,
    pages_in_a_row: u32,
}

impl Line {
    pub(super) fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.parties.iter().map(|(_, places)| places.len()).sum()
    }

    pub(super) fn join(&mut self, party: Party, again: bool) -> Arc<Place> {
        let place = Arc::<Place>::default();
        let at = self.position(party);
        let (_, mut places) = at.and_then(|at| self.parties.remove(at)).unwrap_or((party, VecDeque::new()));
        if again {
            places.push_front(Arc::clone(&place))
        } else {
            places.push_back(Arc::clone(&place))
        }
        let to = if again { 0 } else { at.unwrap_or(self.parties.len()) };
        self.parties.insert(to, (party, places));
        place
    }

    pub(super) fn leave(&mut self, place: &Arc<Place>) {
        self.parties.retain_mut(|(_, places)| {
            places.retain(|other| !Arc::ptr_eq(other, place));
            !places.is_empty()
        });
    }

    /// Takes the one whose turn it is out of the line.
    pub(super) fn next(&mut self) -> Option<Arc<Place>> {
        let at = match (self.position(PAGE), self.position(BACKGROUND)) {
            (Some(_), Some(background)) if self.pages_in_a_row.saturating_add(1) >= BACKGROUND_SHARE => background,
            (Some(page), _) => page,
            (None, _) => 0,
        };
        let (party, mut places) = self.parties.remove(at)?;
        self.pages_in_a_row = if party == PAGE { self.pages_in_a_row.saturating_add(1) } else { 0 };
        let next = places.pop_front();
        if !places.is_empty() {
            self.parties.push_back((party, places));
        }
        next
    }

    /// How many requests go before a new one of this party, if no others join.
    pub(super) fn ahead_of(&self, party: Party) -> usize {
        let waiting = |of| self.position(of).and_then(|at| self.parties.get(at)).map_or(0, |(_, places)| places.len());
        let own = waiting(party);
        match party {
            PAGE => {
                let share = usize::try_from(BACKGROUND_SHARE.saturating_sub(1)).unwrap_or(usize::MAX);
                own.saturating_add(own.checked_div(share).unwrap_or_default().min(waiting(BACKGROUND)))
            }
            BACKGROUND => self.len(),
            // There is one round for each request of the party that waits here, and one for the new request.
            Party::Charged(_) => {
                let others = self.parties.iter().filter(|(other, _)| *other != party);
                others.map(|(_, places)| places.len().min(own.saturating_add(1))).fold(own, usize::saturating_add)
            }
        }
    }

    /// The requests that set a timer for the whole line.
    fn fronts(&self) -> impl Iterator<Item = &Arc<Place>> {
        // Two are enough: a page and a background call, or the next party and the one after it.
        self.parties.iter().take(2).filter_map(|(_, places)| places.front())
    }

    /// Tells those at the front that they are there.
    pub(super) fn wake_fronts(&self) {
        self.fronts().for_each(|place| place.wake.notify_one());
    }

    pub(super) fn is_front(&self, place: &Arc<Place>) -> bool {
        self.fronts().any(|front| Arc::ptr_eq(front, place))
    }

    fn position(&self, party: Party) -> Option<usize> {
        self.parties.iter().position(|(other, _)| *other == party)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Party = Party::Charged([1; 32]);
    const BOB: Party = Party::Charged([2; 32]);
    const CAROL: Party = Party::Charged([3; 32]);

    fn served(line: &mut Line, places: &[Arc<Place>]) -> Vec<usize> {
        std::iter::from_fn(|| line.next())
            .map(|next| places.iter().position(|place| Arc::ptr_eq(place, &next)).unwrap())
            .collect()
    }

    /// For each rule: the requests that come, and the order in which they are served.
    #[test]
    fn each_discipline_serves_in_its_order() {
        type Case = (&'static [(Party, bool)], &'static [usize]);
        let cases: [Case; 5] = [
            (&[(BACKGROUND, false), (PAGE, false), (BACKGROUND, false), (PAGE, false)], &[1, 3, 0, 2]),
            (&[(PAGE, false); 5], &[0, 1, 2, 3, 4]),
            (&[(ALICE, false), (ALICE, false), (ALICE, false), (BOB, false), (CAROL, false)], &[0, 3, 4, 1, 2]),
            (&[(ALICE, false), (ALICE, false), (BOB, false), (BOB, true)], &[3, 0, 2, 1]),
            (&[(PAGE, false), (PAGE, true)], &[1, 0]),
        ];
        for (callers, order) in cases {
            let mut line = Line::default();
            let places: Vec<_> = callers.iter().map(|(party, again)| line.join(*party, *again)).collect();
            assert_eq!(served(&mut line, &places), order, "{callers:?}");
            assert!(line.is_empty());
        }
    }

    #[test]
    fn the_fourth_token_is_for_a_background_call_while_both_wait() {
        let mut line = Line::default();
        let pages: Vec<_> = (0..6).map(|_| line.join(PAGE, false)).collect();
        let background: Vec<_> = (0..2).map(|_| line.join(BACKGROUND, false)).collect();
        assert_eq!((line.ahead_of(PAGE), line.ahead_of(BACKGROUND)), (8, 8));
        let places: Vec<_> = pages.into_iter().chain(background).collect();
        assert_eq!(served(&mut line, &places), [0, 1, 2, 6, 3, 4, 5, 7]);
    }

    #[test]
    fn t40_a_party_with_many_requests_is_one_turn_ahead_of_another_and_no_more() {
        let mut line = Line::default();
        let many: Vec<_> = (0..50).map(|_| line.join(ALICE, false)).collect();
        assert_eq!((line.ahead_of(BOB), line.ahead_of(ALICE)), (1, 50));
        many.iter().for_each(|place| line.leave(place));
        assert!(line.is_empty());
    }
}
