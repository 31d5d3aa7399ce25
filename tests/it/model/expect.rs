//! The reference model: what a callback must come to, said as plainly as possible.

use super::*;

const ATTEMPT: Duration = Duration::from_secs(600);
pub(super) const DONE: Duration = Duration::from_secs(120);
const SKEW: Duration = Duration::from_secs(60);

/// Whose a record is: a user of the app, or the session that a flow will hand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    User(usize),
    Flow(usize),
}

#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) key: String,
    /// The flow that it came from.
    flow: usize,
    pub(super) version: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) user: Option<usize>,
    /// Of the browser at the start, and the one it will have.
    lineage: Option<usize>,
    next_lineage: usize,
    pub(super) state: String,
    /// Names of its two cookies.
    pub(super) login: String,
    pub(super) done: String,
    pub(super) path: &'static str,
    pub(super) code: String,
    pub(super) begun: SystemTime,
    pub(super) epoch: u8,
    /// When its done mark was set, and under which key.
    pub(super) finished: Option<(SystemTime, u8)>,
    /// The code that its done mark knows.
    exchanged: String,
    /// Whether an answer never reached the browser, so that it may come again with the cookies of before.
    pub(super) lost: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Session {
    flow: usize,
    epoch: u8,
    lineage: usize,
}

/// What a node remembers of a flow whose code may be spent.
#[derive(Debug, Clone)]
struct Remembered {
    code: String,
    answer: Answer,
    lineage: usize,
    at: Duration,
}

/// What the visitor is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) takes_login: bool,
    pub(super) connects: bool,
}

impl Answer {
    pub(super) fn refusal(status: u16) -> Self {
        Self { status, location: None, takes_login: false, connects: false }
    }

    fn used_up(self) -> Self {
        Self { takes_login: true, ..self }
    }

    pub(super) fn to(path: &str) -> Self {
        Self { location: Some(path.to_owned()), ..Self::refusal(303) }
    }
}

/// What is so when a request arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) browser: usize,
    pub(super) node: usize,
    /// Which of the flow's cookies come along.
    pub(super) login: bool,
    pub(super) done: bool,
    pub(super) now: SystemTime,
    pub(super) elapsed: Duration,
    pub(super) epoch: u8,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) mode: Mode,
    pub(super) flows: Vec<Flow>,
    pub(super) store: BTreeMap<Owner, Record>,
    pub(super) users: [Option<usize>; 2],
    pub(super) sessions: [Option<Session>; 2],
    memory: [HashMap<usize, Remembered>; 2],
    /// Whether a save has failed on the node and no write has worked since.
    doubts: [bool; 2],
    /// What the provider has seen: codes, and whether it answered 429.
    pub(super) sent: Vec<(String, bool)>,
    used: HashSet<String>,
    pub(super) codes: usize,
    saves: usize,
    lineages: usize,
    pub(super) provider_fault: Option<Provider>,
    pub(super) store_fault: Option<Store>,
    pub(super) held: Option<(Owner, Record, KomerzaKey)>,
}

impl Model {
    pub(super) fn new(mode: Mode) -> Self {
        let users = if mode == Mode::Users { [Some(0), Some(1)] } else { [None; 2] };
        Self { mode, users, ..Self::default() }
    }

    pub(super) fn new_code(&mut self) -> String {
        self.codes += 1;
        format!("obviously-fake-code-{}", self.codes)
    }

    /// Notes a flow that was started.
    pub(super) fn start(
        &mut self,
        browser: usize,
        cookie: &str,
        state: String,
        path: &'static str,
        now: SystemTime,
        epoch: u8,
    ) {
        let lineage = self.session(browser, epoch).map(|session| session.lineage);
        let next_lineage = lineage.unwrap_or_else(|| {
            self.lineages += 1;
            self.lineages
        });
        let code = self.new_code();
        let (login, done) = (cookie.to_owned(), cookie.replace("-login-", "-done-"));
        let user = self.users[browser];
        self.flows.push(Flow {
            user,
            lineage,
            next_lineage,
            state,
            login,
            done,
            path,
            code,
            begun: now,
            epoch,
            finished: None,
            exchanged: String::new(),
            lost: false,
        });
    }

    /// The browser's session, if the present keys still open it.
    pub(super) fn session(&self, browser: usize, epoch: u8) -> Option<Session> {
        self.sessions[browser].filter(|session| opens(session.epoch, epoch))
    }

    /// Whose key the browser gets to see.
    pub(super) fn owner(&self, browser: usize, epoch: u8) -> Option<Owner> {
        match self.mode {
            Mode::Users => self.users[browser].map(Owner::User),
            Mode::Browsers => self.session(browser, epoch).map(|session| Owner::Flow(session.flow)),
        }
    }

    /// A browser that is connected shows its done marks: the records of the other sessions that it got go.
    pub(super) fn looked(&mut self, owner: Owner, cookies: &[String], now: SystemTime, epoch: u8) {
        let marked: Vec<_> = (0..self.flows.len()).filter(|flow| cookies.contains(&self.flows[*flow].done)).collect();
        if self.mode == Mode::Users || marked.len() < 2 || !self.store.contains_key(&owner) {
            return;
        }
        for flow in marked {
            let finished = self.flows[flow].finished;
            let counts = finished.is_some_and(|(at, sealed)| opens(sealed, epoch) && fresh(at, now, DONE));
            if counts && Owner::Flow(flow) != owner && self.store_fault != Some(Store::Delete) {
                self.store.remove(&Owner::Flow(flow));
            }
        }
    }

    pub(super) fn restart(&mut self, node: usize) {
        self.memory[node].clear();
        self.doubts[node] = false;
    }

    /// What is decided before anybody looks at the code; `None` when it is the code's turn.
    pub(super) fn gate(&self, flow: usize, facts: Facts) -> Option<Answer> {
        let begun = &self.flows[flow];
        if facts.done
            && begun.finished.is_some_and(|(at, epoch)| opens(epoch, facts.epoch) && fresh(at, facts.now, DONE))
        {
            return Some(Answer::to(begun.path));
        }
        if !facts.login || !opens(begun.epoch, facts.epoch) {
            return Some(Answer::refusal(400));
        }
        if !fresh(begun.begun, facts.now, ATTEMPT) {
            return Some(Answer::refusal(400).used_up());
        }
        match self.mode {
            Mode::Users if self.users[facts.browser].is_none() => Some(Answer::refusal(401)),
            Mode::Users if self.users[facts.browser] != begun.user => Some(Answer::refusal(403)),
            Mode::Users => None,
            Mode::Browsers => {
                let now = self.session(facts.browser, facts.epoch).map(|session| session.lineage);
                (begun.lineage.is_some() && begun.lineage != now).then(|| Answer::refusal(403))
            }
        }
    }

    /// A callback with a code; `after` is the time when it was answered.
    pub(super) fn callback(&mut self, flow: usize, facts: Facts, code: &str, after: (SystemTime, Duration)) -> Answer {
        if let Some(answer) = self.gate(flow, facts) {
            // Only a done mark leads anywhere, and only the code that it knows.
            let other = answer.location.is_some() && self.flows[flow].exchanged != code;
            return if other { Answer::refusal(400) } else { answer };
        }
        self.memory[facts.node].retain(|_, remembered| facts.elapsed.saturating_sub(remembered.at) < DONE);
        if let Some(remembered) = self.memory[facts.node].get(&flow).cloned() {
            if remembered.code != code {
                return Answer::refusal(400);
            }
            self.flows[flow].next_lineage = remembered.lineage;
            return remembered.answer;
        }
        // The new session joins the lineage that the browser has by now.
        if let Some(session) = self.session(facts.browser, facts.epoch) {
            self.flows[flow].next_lineage = session.lineage;
        }
        let owner = match self.mode {
            Mode::Users => Owner::User(self.flows[flow].user.expect("gated")),
            Mode::Browsers => Owner::Flow(flow),
        };
        let (answer, spent) = self.exchange(owner, flow, code, facts.node);
        if answer.connects
            && let Mode::Browsers = self.mode
            && let Some(left) = self.owner(facts.browser, facts.epoch).filter(|left| *left != owner)
            && self.store_fault != Some(Store::Delete)
        {
            self.store.remove(&left);
        }
        if spent {
            let remembered = Remembered {
                code: code.to_owned(),
                answer: answer.clone(),
                lineage: self.flows[flow].next_lineage,
                at: after.1,
            };
            self.memory[facts.node].insert(flow, remembered);
        }
        answer
    }

    fn exchange(&mut self, owner: Owner, flow: usize, code: &str, node: usize) -> (Answer, bool) {
        if self.store_fault == Some(Store::Load) {
            return (Answer::refusal(503), false);
        }
        // After a save that failed a write has to work first.
        if self.store_fault == Some(Store::Save) && self.doubts[node] {
            return (Answer::refusal(503), false);
        }
        self.doubts[node] = false;
        if self.provider_fault == Some(Provider::BusyForASecond) {
            self.provider_fault = None;
            self.sent.push((code.to_owned(), true));
        }
        let fault = self.provider_fault.take();
        self.sent.push((code.to_owned(), fault == Some(Provider::BusyForAMinute)));
        match fault {
            Some(Provider::BusyForAMinute) => return (Answer::refusal(503), false),
            Some(Provider::Cut) => {
                self.used.insert(code.to_owned());
                return (Answer::refusal(502).used_up(), true);
            }
            Some(_) => return (Answer::refusal(502).used_up(), true),
            None => {}
        }
        let good = Answer { takes_login: true, connects: true, ..Answer::to(self.flows[flow].path) };
        if !self.used.insert(code.to_owned()) {
            return if self.store.get(&owner).is_some_and(|record| record.flow == flow) {
                (good, true)
            } else {
                (Answer::refusal(400).used_up(), true)
            };
        }
        if self.store_fault == Some(Store::Save) {
            self.doubts[node] = true;
            // The browser keeps its cookie, so that it may ask again, on another node too.
            self.flows[flow].lost = true;
            return (Answer::refusal(503), true);
        }
        self.saves += 1;
        self.store.insert(owner, Record { key: key_of(code), flow, version: self.saves });
        (good, true)
    }

    /// The answer has reached the browser.
    pub(super) fn arrived(
        &mut self,
        flow: usize,
        browser: usize,
        answer: &Answer,
        code: &str,
        now: SystemTime,
        epoch: u8,
    ) {
        if answer.connects {
            self.flows[flow].exchanged = code.to_owned();
            self.flows[flow].finished = Some((now, epoch));
            if self.mode == Mode::Browsers {
                self.sessions[browser] = Some(Session { flow, epoch, lineage: self.flows[flow].next_lineage });
            }
        }
    }
}

/// What was sealed under one key opens under the next one too.
pub(super) fn opens(sealed: u8, now: u8) -> bool {
    now - sealed <= 1
}

pub(super) fn fresh(since: SystemTime, now: SystemTime, lifetime: Duration) -> bool {
    match now.duration_since(since) {
        Ok(age) => age < lifetime,
        Err(ahead) => ahead.duration() <= SKEW,
    }
}

/// Whether a flow can still be finished, as far as its cookie goes.
pub(super) fn alive(flow: &Flow, now: SystemTime, epoch: u8) -> bool {
    opens(flow.epoch, epoch) && fresh(flow.begun, now, ATTEMPT)
}
