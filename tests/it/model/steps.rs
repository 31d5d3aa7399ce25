//! What can happen.

use proptest::{collection::vec, prelude::*, sample::select};

/// Whose the keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The app's own users.
    App,
    /// Browsers, by the crate's session cookie.
    Browser,
}

/// One thing that happens. Numbers of flows wrap around; a step about a flow is nothing while there is none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Start {
        browser: usize,
        node: usize,
        path: usize,
    },
    /// The return from the provider with a code.
    Callback {
        browser: usize,
        flow: usize,
        node: usize,
        code: Code,
    },
    /// The same, twice at once.
    Twice {
        browser: usize,
        flow: usize,
        node: usize,
    },
    /// The same, but the answer never reaches the browser.
    Lost {
        browser: usize,
        flow: usize,
        node: usize,
    },
    /// The browser leaves after so many polls; then the node is shut down and started again.
    Abandon {
        browser: usize,
        flow: usize,
        node: usize,
        polls: usize,
    },
    Deny {
        browser: usize,
        flow: usize,
        node: usize,
    },
    Forge {
        browser: usize,
        flow: usize,
        node: usize,
        how: Forgery,
    },
    /// Signs out or in as the other; with browser sessions, clears the cookies.
    SwitchUser {
        browser: usize,
        user: Option<usize>,
    },
    Disconnect {
        browser: usize,
        node: usize,
        cross_site: bool,
    },
    /// A page of the app that shows the key.
    Look {
        browser: usize,
        node: usize,
    },
    /// A job takes the client of a user, and uses it later, when the key is dead.
    Hold {
        user: usize,
    },
    UseHeld,
    RotateKeys,
    Restart {
        node: usize,
    },
    Advance {
        seconds: u64,
    },
    /// The time of day jumps; monotonic time does not.
    ClockJump {
        seconds: i64,
    },
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
    let (browser, node, flow) = (0..2_usize, 0..2_usize, 0..4_usize);
    let code = prop_oneof![6 => Just(Code::Own), 1 => Just(Code::Fresh), 1 => (0..4_usize).prop_map(Code::Of)];
    let forgeries = [
        Forgery::RandomState,
        Forgery::NoState,
        Forgery::ChangedCookie,
        Forgery::CodeTwice,
        Forgery::CodeAndError,
        Forgery::Head,
        Forgery::Prefetch,
    ];
    let faults = [
        Provider::BusyForASecond,
        Provider::BusyForAMinute,
        Provider::Cut,
        Provider::Broken,
        Provider::Html,
        Provider::Empty,
    ];
    let at = (browser.clone(), flow, node.clone());
    prop_oneof![
        8 => (browser.clone(), node.clone(), 0..3_usize).prop_map(|(browser, node, path)| Step::Start { browser, node, path }),
        10 => (at.clone(), code).prop_map(|((browser, flow, node), code)| Step::Callback { browser, flow, node, code }),
        2 => at.clone().prop_map(|(browser, flow, node)| Step::Twice { browser, flow, node }),
        2 => at.clone().prop_map(|(browser, flow, node)| Step::Lost { browser, flow, node }),
        2 => (at.clone(), 0..6_usize).prop_map(|((browser, flow, node), polls)| Step::Abandon { browser, flow, node, polls }),
        1 => at.clone().prop_map(|(browser, flow, node)| Step::Deny { browser, flow, node }),
        3 => (at, select(forgeries.to_vec())).prop_map(|((browser, flow, node), how)| Step::Forge { browser, flow, node, how }),
        2 => (browser.clone(), prop::option::weighted(0.8, 0..2_usize)).prop_map(|(browser, user)| Step::SwitchUser { browser, user }),
        2 => (browser.clone(), node.clone(), prop::bool::weighted(0.2)).prop_map(|(browser, node, cross_site)| Step::Disconnect { browser, node, cross_site }),
        2 => (browser, node.clone()).prop_map(|(browser, node)| Step::Look { browser, node }),
        1 => (0..2_usize).prop_map(|user| Step::Hold { user }),
        1 => Just(Step::UseHeld),
        1 => Just(Step::RotateKeys),
        1 => node.prop_map(|node| Step::Restart { node }),
        2 => select(&[1_u64, 30, 61, 119, 121, 599, 601][..]).prop_map(|seconds| Step::Advance { seconds }),
        1 => select(&[-3_600_i64, -61, -30, 30, 61, 3_600][..]).prop_map(|seconds| Step::ClockJump { seconds }),
        2 => select(&[Store::Load, Store::Save, Store::Delete][..]).prop_map(Step::StoreFault),
        2 => select(faults.to_vec()).prop_map(Step::ProviderFault),
    ]
}

/// A sequence of up to so many steps, in either mode.
pub(super) fn sequence(longest: usize) -> impl Strategy<Value = (Mode, Vec<Step>)> {
    (select(&[Mode::App, Mode::Browser][..]), vec(step(), 1..=longest))
}
