//! How many exchanges each party has begun within the last minute: a user, a browser or an address.
//!
//! 1. A party over its budget is told when it is free again.
//! 2. A charge is taken back if no exchange was sent. So a request that got no turn leaves no entry.
//! 3. Parties whose minute is over are removed when the table has doubled.
//! 4. There is a hard bound. Over it the half that was charged longest ago is forgotten, and may begin a few
//!    exchanges more than its budget allows. The bucket of the process still limits all together. If
//!    new parties were refused instead, an attacker who invents parties could shut out everybody else.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// Identifies whoever is charged: a hash.
pub(crate) type PartyKey = [u8; 32];

/// What a budget is counted over.
const MINUTE: Duration = Duration::from_secs(60);

/// Fewer users are never swept.
const SWEEP_OVER: usize = 1_024;

/// More users are never remembered. *Source*: our choice; the provider's documented bucket lets 45 exchanges
/// through in a minute.
const MOST: usize = 16_384;

/// The budgets of all users.
pub(crate) struct Budgets {
    per_user: usize,
    begun: HashMap<PartyKey, VecDeque<Duration>>,
    /// Swept when there are so many.
    sweep_at: usize,
}

impl Budgets {
    pub(crate) fn new(per_user: u32) -> Self {
        let per_user = usize::try_from(per_user).unwrap_or(usize::MAX);
        Self { per_user, begun: HashMap::new(), sweep_at: SWEEP_OVER }
    }

    /// Counts an exchange, or says how long it takes until one is free.
    pub(crate) fn charge(&mut self, user: PartyKey, now: Duration) -> Result<(), Duration> {
        if self.per_user == 0 {
            return Err(MINUTE);
        }
        if self.begun.len() >= self.sweep_at && !self.begun.contains_key(&user) {
            self.make_room(now);
        }
        let times = self.begun.entry(user).or_default();
        while times.front().is_some_and(|first| is_over(*first, now)) {
            times.pop_front();
        }
        if times.len() < self.per_user {
            times.push_back(now);
            return Ok(());
        }
        Err(times.front().map_or(MINUTE, |first| first.saturating_add(MINUTE).saturating_sub(now)))
    }

    /// Takes back the charge of that time.
    pub(crate) fn refund(&mut self, user: PartyKey, charged_at: Duration) {
        let Some(times) = self.begun.get_mut(&user) else { return };
        if let Some(at) = times.iter().position(|time| *time == charged_at) {
            times.remove(at);
        }
        if times.is_empty() {
            self.begun.remove(&user);
        }
    }

    fn make_room(&mut self, now: Duration) {
        self.begun.retain(|_, times| times.back().is_some_and(|last| !is_over(*last, now)));
        if self.begun.len() >= MOST {
            let mut last: Vec<Duration> = self.begun.values().filter_map(|times| times.back().copied()).collect();
            let half = last.len().div_euclid(2);
            let (_, median, _) = last.select_nth_unstable(half);
            let mut left = half;
            // Not all of those at the median: there may be any number of them.
            self.begun.retain(|_, times| {
                let stays = left > 0 && times.back().is_some_and(|last| last >= median);
                left = left.saturating_sub(usize::from(stays));
                stays
            });
        }
        self.sweep_at = self.begun.len().saturating_mul(2).clamp(SWEEP_OVER, MOST);
    }
}

fn is_over(begun: Duration, now: Duration) -> bool {
    now.saturating_sub(begun) >= MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn user(number: u32) -> PartyKey {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    }

    #[test]
    fn t40_a_user_over_the_own_budget_is_told_when_it_is_free_again() {
        let mut budgets = Budgets::new(5);
        for second in 0..5 {
            budgets.charge(user(1), second * SECOND).unwrap();
        }
        assert_eq!(budgets.charge(user(1), 5 * SECOND), Err(55 * SECOND));
        assert!(budgets.charge(user(2), 5 * SECOND).is_ok(), "another user's budget is another's");
        assert!(budgets.charge(user(1), 60 * SECOND).is_ok());
        assert_eq!(Budgets::new(0).charge(user(1), SECOND), Err(MINUTE));
    }

    #[test]
    fn t59_a_charge_that_is_taken_back_leaves_the_budget_and_the_table_as_they_were() {
        let mut budgets = Budgets::new(2);
        budgets.charge(user(1), SECOND).unwrap();
        for second in 2..30 {
            budgets.charge(user(1), second * SECOND).unwrap();
            budgets.refund(user(1), second * SECOND);
            budgets.charge(user(2), second * SECOND).unwrap();
            budgets.refund(user(2), second * SECOND);
        }
        assert_eq!(budgets.begun.len(), 1);
        assert_eq!(budgets.begun[&user(1)], [SECOND]);
        budgets.refund(user(3), SECOND);
    }

    #[test]
    fn t59_a_hundred_thousand_users_at_once_stay_within_the_bound_and_few_sweeps() {
        let (mut budgets, mut sweeps) = (Budgets::new(5), 0);
        for number in 0..100_000 {
            // Room is made when the mark is reached, and then by nobody before it is reached again.
            sweeps += u32::from(budgets.begun.len() >= budgets.sweep_at);
            budgets.charge(user(number), SECOND).unwrap();
            assert!(budgets.begun.len() <= MOST);
        }
        assert!(sweeps < 20, "{sweeps} sweeps");
        assert!(budgets.begun.contains_key(&user(99_999)), "the newest is counted");
    }

    #[test]
    fn t59_the_users_charged_longest_ago_are_forgotten_first_and_those_whose_minute_is_over_before_them() {
        let mut budgets = Budgets::new(1);
        let most = u32::try_from(MOST).unwrap();
        for number in 0..most {
            budgets.charge(user(number), SECOND + Duration::from_millis(number.into())).unwrap();
        }
        budgets.charge(user(most), 30 * SECOND).unwrap();
        assert_eq!(budgets.begun.len(), MOST / 2 + 1);
        assert!(budgets.charge(user(most - 1), 30 * SECOND).is_err(), "still counted");
        assert!(budgets.charge(user(0), 30 * SECOND).is_ok(), "forgotten");
        for number in 2 * most..3 * most {
            budgets.charge(user(number), 200 * SECOND).unwrap();
            assert!(budgets.begun.len() <= MOST);
        }
    }
}
