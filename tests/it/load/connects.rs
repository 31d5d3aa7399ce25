//! An hour of connects by tokio's clock, 64 at a time, while each part of a connect fails in each of its ways.

use super::size;
use crate::prelude::*;
use komerza_connect::store::KeyFingerprint;
use tokio::{sync::Semaphore, time::Instant};

const AT_ONCE: usize = 64;
const HOUR: Duration = Duration::from_secs(3_600);
/// Connects at full size.
const CONNECTS: u32 = 20_000;
/// Connects that begin under each fault, if there is room for them.
const SPELL: u32 = 50;

#[derive(Clone, Debug)]
enum Fault {
    Exchange(Exchange),
    Store(Op, Fate),
    Hook(Hook, Fate),
    LookUp(Fate),
}

/// What Komerza does. In the first row it issues a key.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    Fine,
    Slow,
    Silent,
    Closed,
    Reset,
    Cut,
    RateLimited,
    Broken,
    Html,
    Refused,
}

impl Exchange {
    fn reply(self, code: &str) -> Reply {
        let key = Reply::key(&key_for_code(code));
        match self {
            Self::Fine => key,
            Self::Slow => after(3, key),
            Self::Silent => after(600, key),
            Self::Closed => Reply::close(),
            Self::Reset => Reply::reset(),
            Self::Cut => key.cut_after(40),
            Self::RateLimited => Reply::error(429, "RateLimited"),
            Self::Broken => Reply::error(500, "InternalServerError"),
            Self::Html => Reply::html(503, "Sorry"),
            Self::Refused => Reply::error(400, "InvalidCode"),
        }
    }

    fn issues(self) -> bool {
        !matches!(self, Self::RateLimited | Self::Broken | Self::Html | Self::Refused)
    }
}

fn after(seconds: u64, reply: Reply) -> Reply {
    let gate = Gate::closed();
    let opened = gate.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        opened.open();
    });
    reply.held_by(&gate)
}

fn table() -> Vec<Fault> {
    use Exchange::*;
    let panics = || Fate::Panic("on purpose".into());
    let exchanges = [Fine, Slow, Silent, Closed, Reset, Cut, RateLimited, Broken, Html, Refused].map(Fault::Exchange);
    let loads = [Fate::Fail, Fate::Hang, panics(), Fate::Unreadable].map(|fate| Fault::Store(Op::Load, fate));
    let saves = [Fate::Fail, Fate::Hang, panics(), Fate::ReadOnly, Fate::DoneAndFail];
    let saves = saves.map(|fate| Fault::Store(Op::Save, fate));
    let before = [Fate::Fail, Fate::Hang, panics()].map(|fate| Fault::Hook(Hook::BeforeStoring, fate));
    let hooks = [Fate::Hang, panics()].map(|fate| Fault::Hook(Hook::Connected, fate));
    let look_ups = [Fate::Fail, Fate::Hang, panics()].map(Fault::LookUp);
    [&exchanges[..], &loads, &saves, &before, &hooks, &look_ups].concat()
}

/// The fault of the moment, how often each was met, and the codes for which a key was issued.
#[derive(Clone)]
struct Faults(Arc<Mutex<State>>);

struct State {
    now: Fault,
    met: BTreeMap<String, usize>,
    issued: Vec<String>,
}

impl Faults {
    fn set(&self, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        state.met.entry(format!("{fault:?}")).or_default();
        state.now = fault;
    }

    /// What `part` makes of the fault, if it concerns it.
    fn meet<T>(&self, part: impl FnOnce(&Fault) -> Option<T>) -> Option<T> {
        let mut state = self.0.lock().unwrap();
        let met = part(&state.now)?;
        let name = format!("{:?}", state.now);
        *state.met.entry(name).or_default() += 1;
        Some(met)
    }

    /// The same for what has a fate; a fault that does not concern it leaves it alone.
    fn fate(&self, part: impl FnOnce(&Fault) -> Option<&Fate>) -> Fate {
        self.meet(|fault| part(fault).cloned()).unwrap_or(Fate::Fine)
    }

    fn install(&self, shop: &Shop) {
        let [store, hooks, look_up, provider] = [self.clone(), self.clone(), self.clone(), self.clone()];
        shop.shelf.decide(move |op| {
            store.fate(|fault| {
                if let Fault::Store(at, fate) = fault
                    && *at == op
                {
                    Some(fate)
                } else {
                    None
                }
            })
        });
        shop.watch.decide(move |hook| {
            hooks.fate(|fault| {
                if let Fault::Hook(at, fate) = fault
                    && *at == hook
                {
                    Some(fate)
                } else {
                    None
                }
            })
        });
        shop.lookup
            .decide(move || look_up.fate(|fault| if let Fault::LookUp(fate) = fault { Some(fate) } else { None }));
        shop.provider.always(Reply::from_fn(move |request| {
            let code = String::from_utf8(request.code().unwrap()).unwrap();
            let met = provider.meet(|fault| if let Fault::Exchange(exchange) = fault { Some(*exchange) } else { None });
            let exchange = met.unwrap_or(Exchange::Fine);
            if exchange.issues() {
                provider.0.lock().unwrap().issued.push(code.clone());
            }
            exchange.reply(&code)
        }));
    }
}

/// Tokio's clock as the crate's.
#[derive(Debug)]
struct Simulated(Instant);

impl Clock for Simulated {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Numbers in no order that is the same in each run: SplitMix64.
fn drawn(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Login, some time at Komerza, callback. Pages that say that nothing is lost are loaded again, as people do. Returns the last
/// page, or nothing for a success.
async fn visit(shop: &Shop, name: &str, at_komerza: Duration) -> Option<String> {
    let pause = || tokio::time::sleep(Duration::from_secs(2));
    let browser = shop.browser(name);
    let state = loop {
        let visit = browser.open(&format!("{SITE}/komerza/login?return_to=/x")).await;
        match visit.last().location_parameter("state") {
            Some(state) => break state,
            None => pause().await,
        }
    };
    tokio::time::sleep(at_komerza).await;
    loop {
        let hop = shop.callback(&browser, name, &state).await;
        match hop.status() {
            303 => return None,
            _ if hop.text().contains("Nothing is lost.") => pause().await,
            _ => return Some(hop.text()),
        }
    }
}

#[tokio::test]
#[ignore = "slow: 20,000 connects"]
async fn of_20_000_connects_in_an_hour_of_faults_each_is_stored_or_told_why() {
    let number = size(CONNECTS as usize);
    let _flying = Flying::begin();
    let begun = Instant::now();
    let shop = Arc::new(Shop::builder(Mode::Users).layer(move |layer| layer.with_clock(Simulated(begun))).open().await);
    let state = State { now: Fault::Exchange(Exchange::Fine), met: BTreeMap::new(), issued: Vec::new() };
    let faults = Faults(Arc::new(Mutex::new(state)));
    faults.install(&shop);

    let table = table();
    let (apart, places) = (HOUR / CONNECTS, Arc::new(Semaphore::new(AT_ONCE)));
    let (drawing, spell) = (faults.clone(), apart * SPELL);
    let drawing = tokio::spawn(async move {
        for round in 0.. {
            // Each in every round, and each round in another order.
            let mut order: Vec<_> = table.iter().enumerate().collect();
            order.sort_by_key(|(place, _)| drawn(round * 1_000 + *place as u64));
            for (_, fault) in order {
                drawing.set(fault.clone());
                tokio::time::sleep(spell).await;
            }
        }
    });
    let (mut visits, mut most) = (JoinSet::new(), 0);
    for connect in 0..number {
        let place = places.clone().acquire_owned().await.unwrap();
        most = most.max(AT_ONCE - places.available_permits());
        let (shop, at_komerza) = (shop.clone(), Duration::from_millis(drawn(connect as u64) % 8_000));
        visits.spawn(async move {
            let name = format!("user-{connect}");
            let page = visit(&shop, &name, at_komerza).await;
            drop(place);
            (name, page)
        });
        tokio::time::sleep(apart).await;
    }
    let visits = visits.join_all().await;
    drawing.abort();
    let took = begun.elapsed();
    assert!(shop.layer.shutdown(PATIENCE).await);

    let records = shop.shelf.snapshot();
    let orphaned: BTreeSet<_> = shop.watch.orphaned().iter().map(ToString::to_string).collect();
    let told = shop.watch.failures();
    let told = told.iter().filter_map(|failure| Some((failure.attempt()?.to_string(), failure.kind())));
    let told: HashMap<_, _> = told.collect();
    let mut tally = BTreeMap::<&str, usize>::new();
    let mut ends = HashMap::new();
    for (name, page) in visits {
        let kind = page.map(|page| {
            let attempt = page.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next());
            let kind = told[attempt.unwrap_or_else(|| panic!("{name} was told nothing that helps: {page}"))];
            assert!(page.contains(&kind.title().replace('\'', "&#39;")), "{name}: {page}");
            kind
        });
        match kind {
            None => assert_eq!(records.get(&name), Some(&key_for_code(&name)), "{name} was told of success"),
            Some(kind) => assert!(!records.contains_key(&name) || kind == FailureKind::SaveFailed, "{name}: {kind:?}"),
        }
        *tally.entry(kind.map_or("connected", FailureKind::code)).or_default() += 1;
        ends.insert(name, kind);
    }
    let state = faults.0.lock().unwrap();
    let mut keys = BTreeMap::<&str, usize>::new();
    for name in &state.issued {
        let (held, key) = (records.contains_key(name), KeyFingerprint::of(&key_for_code(name)).to_string());
        let place = match ends[name] {
            _ if held => "held",
            _ if orphaned.contains(&key) => "told as orphaned",
            Some(FailureKind::Vetoed) => "vetoed",
            // Komerza issued it, and its answer never came.
            Some(FailureKind::UnknownOutcome | FailureKind::ProviderTimeout) => "never confirmed",
            end => panic!("the key of {name} is lost: {end:?}"),
        };
        *keys.entry(place).or_default() += 1;
    }
    assert_eq!(state.issued.iter().collect::<BTreeSet<_>>().len(), state.issued.len(), "a code was spent twice");
    println!(
        "{number} connects in {took:?}, at most {most} at a time: {tally:?}; keys: {keys:?}; faults met: {:?}",
        state.met
    );
    assert!(state.met.values().all(|met| *met > 0), "{:?}", state.met);
    assert!(tally["connected"] > number / 6, "{tally:?}");
}
