//! What must hold after every step, whatever it was.

use super::*;

/// The crate's cookies that a browser would send now.
pub(super) fn own_cookies(world: &World, browser: usize) -> Vec<(String, usize)> {
    let now = world.clock.now();
    let jar = world.browsers[browser].jar();
    // What was loaded again, and who just refused or disconnected, is remembered for a minute and decides nothing here.
    let live = jar.all().iter().filter(|cookie| cookie.expires.is_none_or(|at| at > now));
    let live = live.filter(|cookie| !cookie.name().contains("-again-") && !cookie.name().ends_with("-stay"));
    let mut own: Vec<_> = live.map(|cookie| (cookie.name(), cookie.name.len() + cookie.value.len())).collect();
    own.sort();
    own
}

pub(super) fn check(world: &World, model: &Model) -> Result<(), String> {
    // I1, I6, I7, I8, I9, I10, I12: the store is the model's, record by record.
    let mut found: Vec<_> = world.shelf.snapshot().into_iter().collect();
    // The scratch record of a write probe may stay while removals fail.
    found.retain(|(user, _)| !user.starts_with("komerza-connect-"));
    let mut wanted: Vec<(String, String)> = match model.mode {
        Mode::Users => model.store.iter().map(|(owner, record)| (name(owner), record.key.clone())).collect(),
        // The ids of sessions are hashes that the model does not know.
        Mode::Browsers => model.store.values().map(|record| (String::new(), record.key.clone())).collect(),
    };
    if model.mode == Mode::Browsers {
        found.iter_mut().for_each(|(user, _)| user.clear());
    }
    found.sort();
    wanted.sort();
    if found != wanted {
        return Err(format!("the store holds {found:?} and not {wanted:?}"));
    }
    // I2, I12: the provider has seen what the model sent, and no code twice but by a 429, a lost answer, or a browser that plays one
    // code into two flows.
    let exchanges = world.provider.exchanges();
    if exchanges != model.sent {
        return Err(format!("the provider saw {exchanges:?} and not {:?}", model.sent));
    }
    let mut tries = HashMap::<&str, usize>::new();
    exchanges.iter().filter(|(_, busy)| !busy).for_each(|(code, _)| *tries.entry(code).or_default() += 1);
    for flow in model.flows.iter().filter(|flow| !flow.lost) {
        let tried = tries.get(&*flow.code).copied().unwrap_or_default();
        if tried > 1 {
            return Err(format!("{} was sent {tried} times", flow.code));
        }
    }
    // I5.
    for browser in 0..world.browsers.len() {
        let own = own_cookies(world, browser);
        let pieces: Vec<_> = own.iter().filter(|(name, _)| !name.ends_with("-session")).collect();
        let bytes: usize = pieces.iter().map(|(_, size)| size).sum();
        if pieces.len() > 5 || bytes > 4_096 {
            return Err(format!("browser {browser} has {} pieces of {bytes} bytes", pieces.len()));
        }
    }
    Ok(())
}

fn name(owner: &Owner) -> String {
    match owner {
        Owner::User(user) => USERS[*user].to_owned(),
        Owner::Flow(flow) => format!("flow {flow}"),
    }
}

/// I3 and I4, for one answer of a route of the crate.
pub(super) fn check_answer(visit: &Visit, model: &Model) -> Result<(), String> {
    let answer = visit.first();
    let text = answer.text();
    let states = model.flows.iter().map(|flow| &*flow.state);
    for secret in states.chain(["obviously-fake-code", "obviously-fake-key", SECRET]) {
        if text.contains(secret) {
            return Err(format!("an answer shows {secret}: {text}"));
        }
    }
    let authorize = format!("{DASHBOARD}/auth/authorize?");
    match answer.location() {
        Some(target) if !target.starts_with(&authorize) && (!target.starts_with('/') || target.starts_with("//")) => {
            Err(format!("an answer leads to {target}"))
        }
        Some(target) if target.contains("obviously-fake") => Err(format!("a Location shows a secret: {target}")),
        _ => Ok(()),
    }
}
