//! The rules: when a fault is due, and what happens to a request. This file uses no clock and no socket.

use std::time::Duration;

use super::fault::{Fault, Kind};
use super::target::Target;
use crate::request_log::RecordedRequest;

/// One injected fault.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) id: u64,
    pub(super) target: Target,
    pub(super) fault: Fault,
    pub(super) when: When,
    pub(super) seen: u64,
    pub(super) hits: u64,
}

/// Which of the matching requests are hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    /// This many requests pass first.
    pub(super) skip: u64,
    /// Then one request out of this many is hit. Zero: counts as 1.
    pub(super) every: u64,
    /// This many requests are hit in all. `None`: without end.
    pub(super) times: Option<u64>,
}

impl Rule {
    /// Counts a matching request (or connection) and tells whether it is hit.
    fn is_due(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        let turn = self.seen.saturating_sub(self.when.skip);
        let due = turn > 0
            && turn.checked_rem(self.when.every.max(1)) == Some(0)
            && self.when.times.is_none_or(|times| self.hits < times);
        self.hits = self.hits.saturating_add(u64::from(due));
        due
    }
}

/// What happens to one request.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(super) before: Duration,
    pub(super) after: Duration,
    pub(super) fault: Option<Fault>,
}

/// All rules, in the order in which they were injected.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) injected: u64,
}

impl Rules {
    /// All latencies that are due add up. Of the other faults, only the first one that is due happens. The
    /// rules after it do not count the request.
    pub(super) fn plan(&mut self, request: &RecordedRequest) -> Plan {
        let mut plan = Plan::default();
        let rules = self.rules.iter_mut().filter(|rule| !matches!(rule.fault.kind, Kind::CloseOnAccept));
        for rule in rules {
            if !rule.target.matches(request) || !rule.is_due() {
                continue;
            }
            match rule.fault.kind {
                Kind::Latency(wait) if rule.fault.after_effect => plan.after = plan.after.saturating_add(wait),
                Kind::Latency(wait) => plan.before = plan.before.saturating_add(wait),
                _ => {
                    plan.fault = Some(rule.fault.clone());
                    break;
                }
            }
        }
        plan
    }

    /// Whether a connection that was just accepted is closed at once.
    pub(super) fn closes_connection(&mut self) -> bool {
        let mut rules = self.rules.iter_mut().filter(|rule| matches!(rule.fault.kind, Kind::CloseOnAccept));
        rules.any(Rule::is_due)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use bytes::Bytes;
    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::request_log::Part;

    fn request(path: &str) -> RecordedRequest {
        RecordedRequest {
            number: 0,
            at: UNIX_EPOCH,
            part: Part::of(path),
            method: Method::GET,
            path: path.to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            status: None,
        }
    }

    fn rules(given: impl IntoIterator<Item = (Target, When, Fault)>) -> Rules {
        let rule = |(target, when, fault)| Rule { id: 0, target, fault, when, seen: 0, hits: 0 };
        Rules { rules: given.into_iter().map(rule).collect(), injected: 0 }
    }

    fn hits(when: When, requests: usize) -> Vec<usize> {
        let mut rules = rules([(Target::api(), when, Fault::hang())]);
        (1..=requests).filter(|_| rules.plan(&request("/user")).fault.is_some()).collect()
    }

    #[test]
    fn skip_every_and_times_choose_the_requests_that_are_hit() {
        assert_eq!(hits(When { skip: 0, every: 1, times: Some(2) }, 5), [1, 2]);
        assert_eq!(hits(When { skip: 2, every: 1, times: Some(1) }, 5), [3]);
        assert_eq!(hits(When { skip: 0, every: 3, times: None }, 10), [3, 6, 9]);
        assert_eq!(hits(When { skip: 1, every: 2, times: Some(2) }, 10), [3, 5]);
        assert_eq!(hits(When { skip: 0, every: 0, times: None }, 2), [1, 2]);
    }

    #[test]
    fn requests_of_another_target_are_not_counted() {
        let when = When { skip: 0, every: 2, times: None };
        let mut rules = rules([(Target::exchange(), when, Fault::hang())]);
        let paths = ["/oauth2/a/exchange/b", "/user", "/oauth2/a/exchange/b"];
        let hit: Vec<_> = paths.iter().map(|path| rules.plan(&request(path)).fault.is_some()).collect();
        assert_eq!(hit, [false, false, true]);
    }

    #[test]
    fn targets_narrow_by_path_method_and_condition() {
        let target = Target::api().path_prefix("/stores").method(Method::GET).when(|request| request.query.is_none());
        assert!(target.matches(&request("/stores/1")));
        assert!(!target.matches(&request("/user")));
        assert!(!target.matches(&RecordedRequest { method: Method::POST, ..request("/stores/1") }));
        assert!(!target.matches(&RecordedRequest { query: Some("x".into()), ..request("/stores/1") }));
    }

    #[test]
    fn latencies_add_up_and_the_first_other_fault_wins() {
        let always = When { skip: 0, every: 1, times: None };
        let second = Duration::from_secs(1);
        let mut rules = rules([
            (Target::everything(), always, Fault::latency(second)),
            (Target::everything(), always, Fault::latency(second * 2)),
            (Target::everything(), always, Fault::latency(second).after_effect()),
            (Target::everything(), always, Fault::status(StatusCode::BAD_GATEWAY)),
            (Target::everything(), always, Fault::hang()),
        ]);
        let plan = rules.plan(&request("/user"));
        assert_eq!((plan.before, plan.after), (second * 3, second));
        assert!(matches!(plan.fault.unwrap().kind, Kind::Reply(reply) if reply.status == StatusCode::BAD_GATEWAY));
        assert_eq!(rules.rules.iter().map(|rule| rule.hits).collect::<Vec<_>>(), [1, 1, 1, 1, 0]);
    }

    #[test]
    fn connections_are_closed_by_their_own_rules_only() {
        let once = When { skip: 1, every: 1, times: Some(1) };
        let mut rules = rules([(Target::api(), once, Fault::close_before_reading())]);
        assert!(rules.plan(&request("/user")).fault.is_none());
        let closed: Vec<_> = (0..3).map(|_| rules.closes_connection()).collect();
        assert_eq!(closed, [false, true, false]);
    }
}
