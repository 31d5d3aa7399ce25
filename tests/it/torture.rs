//! Torture: every operation of a callback that can fail does so in turn, and every two of them; and the visitor hangs up at
//! every poll meanwhile. After each run the invariants of the threat model that apply are checked.

use crate::prelude::*;
use std::sync::PoisonError;

/// The operations of one callback, numbered as they come; some of them fail.
#[derive(Clone, Debug, Default)]
struct Ops {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    armed: bool,
    log: Vec<String>,
    failing: Vec<usize>,
    how: Option<Fate>,
}

impl Ops {
    fn arm(&self, failing: &[usize], how: &Fate) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *inner = Inner { armed: true, log: Vec::new(), failing: failing.to_vec(), how: Some(how.clone()) };
    }

    /// Ends the faults; the log stays.
    fn disarm(&self) -> Vec<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.armed = false;
        inner.log.clone()
    }

    fn next(&self, name: impl std::fmt::Display) -> Fate {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.armed {
            return Fate::Fine;
        }
        let number = inner.log.len();
        inner.log.push(name.to_string());
        if inner.failing.contains(&number) { inner.how.clone().unwrap() } else { Fate::Fine }
    }
}

/// A shop where everything is counted; the browser has connected before, so that there is an old record, too.
struct Scene {
    shop: Shop,
    ops: Ops,
    browser: Browser,
    state: String,
}

async fn scene(mode: Mode) -> Scene {
    let ops = Ops::default();
    let dice = ops.clone();
    let dice = Chance::dry_if(move || dice.next("Randomness") != Fate::Fine);
    let shop = Shop::builder(mode).layer(|layer| layer.with_randomness(dice)).open().await;
    let (on_shelf, in_hooks, in_lookup, at_provider) = (ops.clone(), ops.clone(), ops.clone(), ops.clone());
    shop.shelf.decide(move |op| on_shelf.next(format!("{op:?}")));
    shop.watch.decide(move |hook| in_hooks.next(format!("{hook:?}")));
    shop.lookup.decide(move || in_lookup.next("LookUp"));
    shop.provider.always(Reply::from_fn(move |request| match at_provider.next("Exchange") {
        Fate::Fine => Reply::key(&key_for_code(request.code().unwrap())),
        Fate::Hang => Reply::hang(),
        Fate::Panic(_) => Reply::html(500, "Sorry"),
        _ => Reply::close(),
    }));
    let browser = shop.browser("alice");
    assert_connected(&shop.connect(&browser, "earlier").await);
    shop.shelf.give_way(2);
    shop.lookup.give_way(2);
    let state = shop.begin(&browser).await;
    Scene { shop, ops, browser, state }
}

impl Scene {
    fn exchanges(&self) -> usize {
        self.shop.exchanges() - 1
    }

    /// The new record, among those that were ever kept.
    fn saves(&self) -> usize {
        self.shop.shelf.saved().iter().filter(|(_, key)| *key == key_for_code("code")).count()
    }

    /// What must be true whatever failed, once all is at rest. `answer` is what the visitor saw, if anything.
    async fn check(&self, answer: Option<&Hop>, visitor: &Browser, name: &str) {
        let (exchanges, saves) = (self.exchanges(), self.saves());
        assert!(exchanges <= 1, "I2, {name}: {exchanges} exchanges");
        assert!(saves == 0 || exchanges == 1, "I1, {name}: a key from nowhere");
        let kept = self.shop.shelf.snapshot();
        if self.shop.mode == Mode::Users {
            assert!(kept.len() <= 1 && kept.keys().all(|user| user == "alice"), "I1, {name}: {kept:?}");
            let keys = [key_for_code("code"), key_for_code("earlier")];
            assert!(kept.values().all(|key| keys.contains(key)) && kept.len() == 1, "I9, {name}: {kept:?}");
        }
        let Some(hop) = answer else { return };
        if hop.status() == 303 {
            assert_connected(hop);
            assert!(kept.values().any(|key| *key == key_for_code("code")), "I7, {name}: {kept:?}");
            assert_eq!(self.shop.key(visitor).await, Ok(key_for_code("code")), "I7, {name}");
        } else {
            assert!(hop.status() >= 400 && hop.location().is_none(), "I10, {name}: {}", hop.status());
            let safe = hop.text().contains("Nothing is lost.");
            assert!(!safe || (exchanges, saves) == (0, 0), "I11, {name}: {}", hop.text());
            assert!(exchanges == 1 || saves == 0, "I12, {name}");
        }
    }

    /// Whatever happened, the next login works on the same layer: nothing is stuck or poisoned.
    async fn goes_on(&self, visitor: &Browser, name: &str) {
        assert_connected(&self.shop.connect(visitor, &format!("after {name}").replace(' ', "-")).await);
    }
}

/// One callback in which these operations fail, answered to the end.
async fn run(mode: Mode, failing: Vec<usize>, how: Fate) -> Vec<String> {
    let scene = Arc::new(scene(mode).await);
    let name = format!("{mode:?} {failing:?} {how:?}");
    let visitor = scene.browser.clone();
    scene.ops.arm(&failing, &how);
    // In a task of its own, as a server would: a panic of the look-up ends it.
    let (there, browser) = (Arc::clone(&scene), visitor.clone());
    let (answer, visitor_after) = match tokio::spawn(async move {
        let hop = there.shop.callback(&browser, "code", &there.state).await;
        (hop, browser)
    })
    .await
    {
        Ok((hop, browser)) => (Some(hop), browser),
        Err(_panicked) => (None, visitor),
    };
    let log = scene.ops.disarm();
    let name = format!("{name} {:?}", failing.iter().filter_map(|at| log.get(*at)).collect::<Vec<_>>());
    scene.check(answer.as_ref(), &visitor_after, &name).await;
    let broke_down = answer.as_ref().is_some_and(|hop| hop.status() == 500);
    if scene.exchanges() == 0 && !broke_down {
        // Nothing was spent: the same URL works once the fault is gone. After a panic nobody knows, and it says so.
        assert_connected(&scene.shop.callback(&visitor_after, "code", &scene.state).await);
        scene.check(None, &visitor_after, &name).await;
    }
    scene.goes_on(&visitor_after, &name).await;
    log
}

/// The operations of a callback in which nothing fails.
async fn operations(mode: Mode) -> Vec<String> {
    run(mode, Vec::new(), Fate::Fine).await
}

#[tokio::test]
async fn the_operations_of_a_callback_are_these() {
    let common = ["Load", "Randomness", "Exchange", "BeforeStoring", "Save", "Connected"];
    let users: Vec<_> = ["LookUp"].into_iter().chain(common).chain(["Randomness"]).collect();
    // A browser moves to a new session; the record of the one it leaves is removed.
    let browsers: Vec<_> = common.into_iter().chain(["Load", "DeleteIf", "Randomness"]).collect();
    assert_eq!(operations(Mode::Users).await, users);
    assert_eq!(operations(Mode::Browsers).await, browsers);
}

#[tokio::test]
async fn t43_whichever_operation_of_a_callback_fails_in_whichever_way_no_invariant_breaks() {
    for mode in MODES {
        let operations = operations(mode).await.len();
        assert!(operations >= 8);
        for at in 0..operations {
            for how in [Fate::Fail, Fate::DoneAndFail, Fate::Hang, Fate::Panic("torture, on purpose".into())] {
                run(mode, vec![at], how).await;
            }
        }
    }
}

#[tokio::test]
async fn whichever_two_operations_of_a_callback_fail_no_invariant_breaks() {
    for mode in MODES {
        // A failure brings the hook that is told of it, and a save more tries: so a few more places.
        let places = operations(mode).await.len() + 2;
        for first in 0..places {
            for second in first + 1..places {
                run(mode, vec![first, second], Fate::Fail).await;
            }
        }
    }
}

/// One callback in which an operation fails and the visitor hangs up after so many polls; whether there was an answer.
async fn run_and_leave(mode: Mode, failing: Option<usize>, polls: usize) -> bool {
    let scene = scene(mode).await;
    let name = format!("{mode:?} {failing:?} fails, hung up after {polls} polls");
    let visitor = scene.browser.clone();
    scene.ops.arm(failing.as_slice(), &Fate::Fail);
    let answer = give_up_after(polls, scene.shop.callback(&visitor, "code", &scene.state)).await;
    assert!(scene.shop.layer.shutdown(PATIENCE).await, "{name}");
    let log = scene.ops.disarm();
    let failed_at = failing.and_then(|at| log.get(at)).map(String::as_str);
    scene.check(answer.as_ref(), &visitor, &name).await;
    let saved = log.iter().position(|operation| operation == "Save").is_some_and(|save| failing >= Some(save));
    if failed_at.is_none() || saved {
        assert_eq!(scene.saves(), scene.exchanges(), "I11, {name}: the provider was asked, so the key is saved");
    }
    answer.is_some()
}

#[tokio::test]
async fn t55_a_visitor_who_hangs_up_while_something_fails_breaks_no_invariant() {
    for mode in MODES {
        let operations = operations(mode).await.len();
        for failing in std::iter::once(None).chain((0..operations).map(Some)) {
            let mut polls = 0;
            while !run_and_leave(mode, failing, polls).await {
                polls += 1;
                assert!(polls < 1_000, "{mode:?} {failing:?}: the callback never ends");
            }
            assert!(polls >= 2, "{mode:?} {failing:?}: {polls} polls are no place to hang up at");
        }
    }
}
