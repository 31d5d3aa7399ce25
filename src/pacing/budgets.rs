//! How many exchanges each party has begun within the last minute: a user, a browser or an address.
//!
//! 1. A request over the budget of its party is refused, with the time until the budget has room again.
//! 2. A charge is taken back if no exchange was sent. So a request that got no turn leaves no entry. There
//!    are few entries: those of the exchanges of one minute, and those of the requests that wait.
//! 3. There is a hard bound. Over it the oldest charge is forgotten, and its party may begin one exchange
//!    more than its budget allows. The bucket of the process still limits all together. If new parties were
//!    refused instead, an attacker who invents parties could shut out everybody else.

use std::{collections::VecDeque, time::Duration};

/// Identifies whoever is charged: a hash.
pub(crate) type PartyKey = [u8; 32];

/// What a budget is counted over.
const MINUTE: Duration = Duration::from_secs(60);

/// More charges are never remembered. *Source*: our choice; the provider's documented bucket lets 45 exchanges
/// through in a minute.
const MOST: usize = 4_096;

/// The budgets of all users.
pub(crate) struct Budgets {
    per_user: usize,
    /// The charges of the last minute, oldest first.
    begun: VecDeque<(Duration, PartyKey)>,
}

impl Budgets {
    pub(crate) fn new(per_user: u32) -> Self {
        Self { per_user: usize::try_from(per_user).unwrap_or(usize::MAX), begun: VecDeque::new() }
    }

    /// Counts an exchange, or says how long it takes until one is free.
    pub(crate) fn charge(&mut self, user: PartyKey, now: Duration) -> Result<(), Duration> {
        let is_over = |(begun, _): &(Duration, PartyKey)| now.saturating_sub(*begun) >= MINUTE;
        while self.begun.len() >= MOST || self.begun.front().is_some_and(is_over) {
            self.begun.pop_front();
        }
        let mut of_user = self.begun.iter().filter(|(_, of)| *of == user);
        let first = of_user.clone().next().map_or(now, |(begun, _)| *begun);
        if self.per_user == 0 || of_user.nth(self.per_user.saturating_sub(1)).is_some() {
            return Err(first.saturating_add(MINUTE).saturating_sub(now));
        }
        self.begun.push_back((now, user));
        Ok(())
    }

    /// Takes back the charge of that time.
    pub(crate) fn refund(&mut self, user: PartyKey, charged_at: Duration) {
        if let Some(at) = self.begun.iter().position(|charge| *charge == (charged_at, user)) {
            self.begun.remove(at);
        }
    }
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
        assert_eq!(budgets.begun, [(SECOND, user(1))]);
        budgets.refund(user(3), SECOND);
    }

    #[test]
    fn t59_a_hundred_thousand_users_stay_within_the_bound() {
        let mut budgets = Budgets::new(5);
        for number in 0..100_000 {
            // Not all at once: counting the charges of a minute takes time, which the bound limits.
            budgets.charge(user(number), number * Duration::from_millis(500)).unwrap();
            assert!(budgets.begun.len() <= 120, "a minute's");
        }
        for number in 0..10_000 {
            budgets.charge(user(number), 90_000 * SECOND).unwrap();
            assert!(budgets.begun.len() <= MOST);
        }
        assert_eq!(budgets.begun.back(), Some(&(90_000 * SECOND, user(9_999))), "the newest is counted");
    }

    #[test]
    fn t59_the_charges_of_longest_ago_are_forgotten_first_and_those_whose_minute_is_over_before_them() {
        let mut budgets = Budgets::new(1);
        let most = u32::try_from(MOST).unwrap();
        for number in 0..most {
            budgets.charge(user(number), SECOND + Duration::from_millis(number.into())).unwrap();
        }
        budgets.charge(user(most), 30 * SECOND).unwrap();
        assert_eq!(budgets.begun.len(), MOST);
        assert!(budgets.charge(user(2), 30 * SECOND).is_err(), "still counted");
        assert!(budgets.charge(user(0), 30 * SECOND).is_ok(), "forgotten");
        assert!(budgets.charge(user(most - 1), 62 * SECOND).is_err(), "the minute is not over");
        assert!(budgets.charge(user(most - 1), 66 * SECOND).is_ok(), "the minute is over");
        assert_eq!(budgets.begun.len(), 3);
    }
}
