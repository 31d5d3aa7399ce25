//! What can happen.

use komerza_connect_testing::shop::{MODES, Mode};
use proptest::{collection::vec, prelude::*, sample::select};

/// Which browser does something about which flow at which node.
#[derive(Debug, Clone, Copy)]
pub(super) struct At {
    pub(super) browser: usize,
    pub(super) flow: usize,
    pub(super) node: usize,
}

/// One thing that happens. Numbers of flows wrap around; a step about a flow is nothing while there is none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// The number of the flow says to which path it leads back.
    Start(At),
    /// The return from the provider with a code.
    Callback(At, Code),
    /// The same, twice at once.
    Twice(At),
    /// The same, but the answer never reaches the browser.
    Lost(At),
    /// The browser leaves after so many polls; then the node is shut down and started again.
    Abandon(At, usize),
    Deny(At),
    Forge(At, Forgery),
    /// Signs out or in as the other; with browser sessions, clears the cookies.
    SwitchUser(usize, Option<usize>),
    /// By a page of another site, or of this one.
    Disconnect(At, bool),
    /// A page of the app that shows the key.
    Look(At),
    /// A job takes the client of a user, and uses it later, when the key is dead.
    Hold(usize),
    UseHeld,
    RotateKeys,
    Restart(usize),
    /// By so many seconds.
    Advance(u64),
    /// The time of day jumps by so many seconds; monotonic time does not.
    ClockJump(i64),
    StoreFault(Store),
    ProviderFault(Provider),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// The one that the user approved for this flow.
    Own,
    /// Another good one: the consent page was approved again.
    Fresh,
    /// One that was approved for another flow.
    Of(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgery {
    RandomState,
    NoState,
    ChangedCookie,
    CodeTwice,
    CodeAndError,
    Head,
    Prefetch,
}

/// What goes wrong in the store during the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Load,
    Save,
    Delete,
}

/// What goes wrong at the next exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// 429 with a second to wait: it is tried again.
    BusyForASecond,
    /// 429 with a minute to wait: it is not.
    BusyForAMinute,
    /// The connection is closed; the code is used.
    Cut,
    /// 500; the code is not used, but nobody knows.
    Broken,
    /// 200 and a page.
    Html,
    /// A success without a key.
    Empty,
}

fn step() -> impl Strategy<Value = Step> {
    use Forgery::{ChangedCookie, CodeAndError, CodeTwice, Head, NoState, Prefetch, RandomState};
    use Provider::{Broken, BusyForAMinute, BusyForASecond, Cut, Empty, Html};
    let code = prop_oneof![6 => Just(Code::Own), 1 => Just(Code::Fresh), 1 => (0..4_usize).prop_map(Code::Of)];
    let forgery = select(vec![RandomState, NoState, ChangedCookie, CodeTwice, CodeAndError, Head, Prefetch]);
    let fault = select(vec![BusyForASecond, BusyForAMinute, Cut, Broken, Html, Empty]);
    let at = || (0..2_usize, 0..4_usize, 0..2_usize).prop_map(|(browser, flow, node)| At { browser, flow, node });
    prop_oneof![
        8 => (at(), 0..3_usize).prop_map(|(at, path)| Step::Start(At { flow: path, ..at })),
        10 => (at(), code).prop_map(|(at, code)| Step::Callback(at, code)),
        2 => at().prop_map(Step::Twice),
        2 => at().prop_map(Step::Lost),
        2 => (at(), 0..6_usize).prop_map(|(at, polls)| Step::Abandon(at, polls)),
        1 => at().prop_map(Step::Deny),
        3 => (at(), forgery).prop_map(|(at, how)| Step::Forge(at, how)),
        2 => (0..2_usize, prop::option::weighted(0.8, 0..2_usize)).prop_map(|(browser, user)| Step::SwitchUser(browser, user)),
        2 => (at(), prop::bool::weighted(0.2)).prop_map(|(at, cross_site)| Step::Disconnect(at, cross_site)),
        2 => at().prop_map(Step::Look),
        1 => (0..2_usize).prop_map(Step::Hold),
        1 => Just(Step::UseHeld),
        1 => Just(Step::RotateKeys),
        1 => (0..2_usize).prop_map(Step::Restart),
        2 => select(&[1_u64, 30, 61, 119, 121, 599, 601][..]).prop_map(Step::Advance),
        1 => select(&[-3_600_i64, -61, -30, 30, 61, 3_600][..]).prop_map(Step::ClockJump),
        2 => select(&[Store::Load, Store::Save, Store::Delete][..]).prop_map(Step::StoreFault),
        2 => fault.prop_map(Step::ProviderFault),
    ]
}

/// A sequence of up to so many steps, in either mode.
pub(super) fn sequence(longest: usize) -> impl Strategy<Value = (Mode, Vec<Step>)> {
    (select(&MODES[..]), vec(step(), 1..=longest))
}
