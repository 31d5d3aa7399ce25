//! One sequence: each step is done to the system and to the model, and the two are compared.

use super::*;

const PATHS: [&str; 3] = ["/", "/stores?page=2", "/a/b#c"];
const DENIED: [&str; 3] = ["/?komerza=denied", "/stores?page=2&komerza=denied", "/a/b?komerza=denied#c"];

/// `Err` says at which step what did not hold.
pub(super) async fn run(mode: Mode, steps: &[Step]) -> Result<(), String> {
    let mut run = Run { world: World::new(mode).await, model: Model::new(mode) };
    run.tell_users();
    for (number, step) in steps.iter().enumerate() {
        let fault_before = run.model.store_fault;
        let outcome = match run.step(*step).await {
            Ok(()) => check(&run.world, &run.model),
            broken => broken,
        };
        outcome.map_err(|broken| format!("step {number}, {step:?}: {broken}"))?;
        if fault_before.is_some() {
            run.fail_store(None);
        }
    }
    Ok(())
}

/// A cookie's name and its end.
type Kept = (String, Option<SystemTime>);

struct Run {
    world: World,
    model: Model,
}

impl Run {
    async fn step(&mut self, step: Step) -> Result<(), String> {
        let flows = self.model.flows.len();
        let one = |at: At| At { flow: at.flow % flows, ..at };
        match step {
            Step::Start(at) => return self.start(at).await,
            Step::SwitchUser(browser, user) => {
                match self.model.mode {
                    Mode::Users => self.model.users[browser] = user,
                    Mode::Browsers => {
                        self.world.browsers[browser].jar().clear();
                        self.model.sessions[browser] = None;
                    }
                }
                self.tell_users();
            }
            Step::Disconnect(at, cross_site) => return self.disconnect(at, cross_site).await,
            Step::Look(at) => return self.look(at).await,
            Step::Hold(user) => return self.hold(user).await,
            Step::UseHeld => return self.use_held().await,
            Step::RotateKeys => {
                self.world.epoch += 1;
                for node in 0..self.world.nodes.len() {
                    self.restart(node).await?;
                }
            }
            Step::Restart(node) => return self.restart(node).await,
            Step::Advance(seconds) => self.world.clock.0.advance(Duration::from_secs(seconds)),
            Step::ClockJump(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                let now = self.world.clock.now();
                self.world.clock.0.step_to(if seconds < 0 { now - by } else { now + by });
            }
            Step::StoreFault(fault) => self.fail_store(Some(fault)),
            Step::ProviderFault(fault) => {
                self.model.provider_fault = Some(fault);
                self.world.provider.fail(Some(fault));
            }
            _ if flows == 0 => {}
            Step::Callback(at, code) => return self.callback(one(at), code).await,
            Step::Twice(at) => return self.twice(one(at)).await,
            Step::Lost(at) => return self.lost(one(at)).await,
            Step::Abandon(at, polls) => return self.abandon(one(at), polls).await,
            Step::Deny(at) => return self.deny(one(at)).await,
            Step::Forge(at, how) => return self.forge(one(at), how).await,
        }
        Ok(())
    }

    fn tell_users(&self) {
        for (browser, user) in self.world.browsers.iter().zip(self.model.users) {
            match user {
                Some(user) => browser.set_header("x-test-user", USERS[user]),
                None => browser.remove_header("x-test-user"),
            }
        }
    }

    fn fail_store(&mut self, fault: Option<Store>) {
        self.model.store_fault = fault;
        self.world.shelf.decide(move |op| match (fault, op) {
            (Some(Store::Load), Op::Load) | (Some(Store::Save), Op::Save) => Fate::Fail,
            (Some(Store::Delete), Op::Delete | Op::DeleteIf) => Fate::Fail,
            _ => Fate::Fine,
        });
    }

    fn facts(&self, At { browser, flow, node }: At) -> Facts {
        let flow = &self.model.flows[flow];
        let cookies = own_cookies(&self.world, browser);
        let has = |wanted: &str| cookies.iter().any(|(name, _)| name == wanted);
        let (now, elapsed) = (self.world.clock.now(), self.world.clock.elapsed());
        Facts { browser, node, login: has(&flow.login), done: has(&flow.done), now, elapsed, epoch: self.world.epoch }
    }

    fn names(&self, browser: usize) -> Vec<String> {
        own_cookies(&self.world, browser).into_iter().map(|(name, _)| name).collect()
    }

    /// What the browser has before a request, with when it ends: a wait for the provider may let it expire.
    fn kept(&self, browser: usize) -> Vec<Kept> {
        let names = self.names(browser);
        let jar = self.world.browsers[browser].jar();
        let live = jar.all().iter().map(|cookie| (cookie.name(), cookie.expires));
        live.filter(|(name, _)| names.contains(name)).collect()
    }

    async fn start(&mut self, At { browser, flow: path, node }: At) -> Result<(), String> {
        let (now, epoch) = (self.world.clock.now(), self.world.epoch);
        let live = self.names(browser).into_iter().filter(|name| {
            self.model.flows.iter().any(|flow| {
                (*name == flow.login && alive(flow, now, epoch))
                    || (*name == flow.done
                        && flow.finished.is_some_and(|(at, sealed)| opens(sealed, epoch) && fresh(at, now, DONE)))
            })
        });
        let live = live.count();
        let before = self.names(browser);
        let path = PATHS[path];
        let encoded = utf8_percent_encode(path, NON_ALPHANUMERIC);
        let url = format!("{SITE}/komerza/login?return_to={encoded}");
        let visit = self.world.browser(browser, node).click(&format!("{SITE}/"), &url).await;
        check_answer(&visit, &self.model)?;
        if self.model.mode == Mode::Users && self.model.users[browser].is_none() {
            same(visit.first().status(), 401, "status of a login by nobody")?;
            return same(self.names(browser), before, "cookies after a login by nobody");
        }
        same(visit.first().status(), 303, "status of a login")?;
        let state = visit.first().location_parameter("state").ok_or("the login carries no state")?;
        let after = self.names(browser);
        let new: Vec<_> = after.iter().filter(|name| name.contains("-login-") && !before.contains(name)).collect();
        let [cookie] = new[..] else { return Err(format!("a login set {new:?}")) };
        let pieces = after.iter().filter(|name| !name.ends_with("-session")).count();
        same(pieces, live.min(4) + 1, "pieces after a login")?;
        self.model.start(browser, cookie, state, path, now, epoch);
        Ok(())
    }

    fn callback_url(&self, flow: usize, code: &str) -> String {
        format!("{SITE}/komerza/callback?code={code}&state={}", self.model.flows[flow].state)
    }

    async fn callback(&mut self, at: At, code: Code) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let code = match code {
            Code::Own => self.model.flows[flow].code.clone(),
            Code::Fresh => self.model.new_code(),
            Code::Of(other) => {
                let other = other % self.model.flows.len();
                // From here on two flows know this code, so that it may well be sent for both.
                self.model.flows[other].lost |= other != flow;
                self.model.flows[other].code.clone()
            }
        };
        let (facts, before) = (self.facts(at), self.kept(browser));
        let visit = returns(self.world.browser(browser, node), &self.callback_url(flow, &code)).await;
        self.answered(flow, facts, &code, &before, &[visit])
    }

    async fn twice(&mut self, at: At) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let code = self.model.flows[flow].code.clone();
        let (facts, before) = (self.facts(at), self.kept(browser));
        let url = self.callback_url(flow, &code);
        let browser = self.world.browser(browser, node);
        // The second has left with the same cookies before the first is answered.
        let copy = browser.clone();
        let (one, two) = tokio::join!(returns(browser, &url), returns(&copy, &url));
        self.answered(flow, facts, &code, &before, &[one, two])
    }

    /// Compares answers that reached the browser with the model's.
    fn answered(
        &mut self,
        flow: usize,
        facts: Facts,
        code: &str,
        before: &[Kept],
        visits: &[Visit],
    ) -> Result<(), String> {
        let after = (self.world.clock.now(), self.world.clock.elapsed());
        let answer = self.model.callback(flow, facts, code, after);
        for visit in visits {
            self.compare(visit, &answer)?;
        }
        self.model.arrived(flow, facts.browser, &answer, code, after.0, facts.epoch);
        self.compare_cookies(flow, facts.browser, &answer, before)
    }

    fn compare(&self, visit: &Visit, answer: &Answer) -> Result<(), String> {
        check_answer(visit, &self.model)?;
        let first = visit.first();
        same((first.status(), first.location()), (answer.status, answer.location.as_deref()), "the answer")
    }

    fn compare_cookies(&self, flow: usize, browser: usize, answer: &Answer, before: &[Kept]) -> Result<(), String> {
        let own = &self.model.flows[flow];
        let now = self.world.clock.now();
        let live = before.iter().filter(|(_, expires)| expires.is_none_or(|at| at > now));
        let mut wanted: Vec<_> = live.map(|(name, _)| name.clone()).collect();
        if answer.takes_login {
            wanted.retain(|name| *name != own.login);
        }
        if answer.connects {
            wanted.push(own.done.clone());
            if self.model.mode == Mode::Browsers {
                wanted.push(format!("{}session", own.login.split_once("login-").map_or("", |(prefix, _)| prefix)));
            }
        }
        wanted.sort();
        wanted.dedup();
        same(self.names(browser), wanted, "the cookies")
    }

    async fn lost(&mut self, at: At) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let code = self.model.flows[flow].code.clone();
        let facts = self.facts(at);
        let copy = self.world.browser(browser, node).clone();
        let visit = returns(&copy, &self.callback_url(flow, &code)).await;
        let after = (self.world.clock.now(), self.world.clock.elapsed());
        let answer = self.model.callback(flow, facts, &code, after);
        self.model.flows[flow].lost = true;
        self.compare(&visit, &answer)
    }

    async fn abandon(&mut self, at: At, polls: usize) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let code = self.model.flows[flow].code.clone();
        let (facts, before) = (self.facts(at), self.kept(browser));
        let url = self.callback_url(flow, &code);
        let mut done = None;
        {
            let browser = self.world.browser(browser, node);
            let mut visit = pin!(returns(browser, &url));
            for _ in 0..polls {
                if let Poll::Ready(visit) = poll_fn(|task| Poll::Ready(visit.as_mut().poll(task))).await {
                    done = Some(visit);
                    break;
                }
                yield_now().await;
            }
        }
        if let Some(visit) = done {
            self.answered(flow, facts, &code, &before, &[visit])?;
            return self.restart(node).await;
        }
        self.model.flows[flow].lost = true;
        self.restart(node).await?;
        if polls > 0 {
            // I11: what began was finished before the node went down.
            let after = (self.world.clock.now(), self.world.clock.elapsed());
            self.model.callback(flow, facts, &code, after);
            self.model.restart(node);
        }
        Ok(())
    }

    async fn restart(&mut self, node: usize) -> Result<(), String> {
        let finished = self.world.nodes[node].shutdown(PATIENCE).await;
        self.world.nodes[node] = self.world.node();
        self.model.restart(node);
        same(finished, true, "whether the shutdown waited for all")
    }

    async fn deny(&mut self, at: At) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let (facts, before) = (self.facts(at), self.kept(browser));
        let url = format!("{SITE}/komerza/callback?error=access_denied&state={}", self.model.flows[flow].state);
        let visit = returns(self.world.browser(browser, node), &url).await;
        let path = self.model.flows[flow].path;
        let marked = PATHS.iter().position(|known| *known == path).map_or("", |at| DENIED[at]);
        let answer = self.model.gate(flow, facts).unwrap_or(Answer { takes_login: true, ..Answer::to(marked) });
        self.compare(&visit, &answer)?;
        self.compare_cookies(flow, browser, &answer, &before)
    }

    async fn forge(&mut self, at: At, how: Forgery) -> Result<(), String> {
        let At { browser, flow, node } = at;
        let (facts, before) = (self.facts(at), self.kept(browser));
        let own = self.model.flows[flow].clone();
        let url = self.callback_url(flow, "obviously-fake-code-of-the-attacker");
        let real = self.world.browser(browser, node);
        let load = |url: &str| Load::link(&format!("{DASHBOARD}/auth/authorize"), url);
        let gated = self.model.gate(flow, facts);
        let (visit, answer) = match how {
            Forgery::RandomState => {
                let state = format!("{}{}", "A".repeat(42), "Q");
                (real.load(load(&url.replace(&own.state, &state))).await, Answer::refusal(400))
            }
            Forgery::NoState => {
                (real.load(load(url.split("&state").next().unwrap_or_default())).await, Answer::refusal(400))
            }
            Forgery::ChangedCookie => {
                if !facts.login || facts.done {
                    return Ok(());
                }
                let copy = real.clone();
                let value = copy.jar().get(&own.login).unwrap_or_default();
                let flipped = if value.as_bytes()[40] == b'A' { "B" } else { "A" };
                copy.jar().set_value(&own.login, format!("{}{flipped}{}", &value[..40], &value[41..]));
                (copy.load(load(&url)).await, Answer::refusal(400))
            }
            Forgery::CodeTwice => {
                (returns(real, &format!("{url}&code=x")).await, gated.unwrap_or(Answer::refusal(400)))
            }
            Forgery::CodeAndError => {
                (returns(real, &format!("{url}&error=x")).await, gated.unwrap_or(Answer::refusal(400)))
            }
            Forgery::Head => (real.load(load(&url).method(Method::HEAD)).await, Answer::refusal(405)),
            Forgery::Prefetch => (real.load(Load::prefetch(&format!("{SITE}/"), &url)).await, Answer::refusal(503)),
        };
        self.compare(&visit, &answer)?;
        self.compare_cookies(flow, browser, &answer, &before)
    }

    async fn disconnect(&mut self, At { browser, node, .. }: At, cross_site: bool) -> Result<(), String> {
        let from = if cross_site { "https://evil.example/" } else { "https://shop.example/" };
        let owner = self.model.owner(browser, self.world.epoch);
        let visit = self.world.browser(browser, node).post(from, &format!("{SITE}/komerza/disconnect"), "").await;
        check_answer(&visit, &self.model)?;
        let status = match owner {
            _ if cross_site => 403,
            None if self.model.mode == Mode::Users => 401,
            Some(_) if self.model.store_fault == Some(Store::Load) => 503,
            // What is not there need not be removed.
            Some(owner) if self.model.store_fault == Some(Store::Delete) && self.model.store.contains_key(&owner) => {
                503
            }
            _ => 303,
        };
        if status == 303 {
            owner.map(|owner| self.model.store.remove(&owner));
            self.model.sessions[browser] = None;
        }
        same(visit.first().status(), status, "status of a disconnect")
    }

    async fn look(&mut self, At { browser, node, .. }: At) -> Result<(), String> {
        let (marks, now) = (self.names(browser), self.world.clock.now());
        let visit = self.world.browser(browser, node).open(&format!("{SITE}/look")).await;
        let owner = self.model.owner(browser, self.world.epoch);
        if owner.is_some() && self.model.store_fault == Some(Store::Load) {
            return same(visit.last().status(), 503, "status while the store is down");
        }
        let key = owner.and_then(|owner| self.model.store.get(&owner)).map_or("none", |record| &record.key);
        same(&*visit.last().text(), key, "the key that the browser sees")?;
        if let Some(owner) = owner {
            self.model.looked(owner, &marks, now, self.world.epoch);
        }
        Ok(())
    }

    async fn hold(&mut self, user: usize) -> Result<(), String> {
        let client = self.world.nodes[0].client_for(&UserId::new(USERS[user]).unwrap()).await.ok().flatten();
        let owner = Owner::User(user);
        let record = self.model.store.get(&owner).filter(|_| self.model.store_fault != Some(Store::Load));
        same(client.is_some(), record.is_some(), "whether there is a client")?;
        self.model.held = client.zip(record.cloned()).map(|(client, record)| (owner, record, client));
        Ok(())
    }

    async fn use_held(&mut self) -> Result<(), String> {
        let Some((owner, held, client)) = self.model.held.take() else { return Ok(()) };
        self.world.provider.kill(&held.key);
        let status =
            client.get("/user").send().await.map(|reply| reply.status().as_u16()).map_err(|error| error.to_string())?;
        same(status, 401, "status of a call with a dead key")?;
        let same_version = self.model.store.get(&owner).is_some_and(|record| record.version == held.version);
        if same_version && self.model.store_fault != Some(Store::Delete) {
            self.model.store.remove(&owner);
        }
        Ok(())
    }
}

/// The browser comes back from the provider.
async fn returns(browser: &Browser, url: &str) -> Visit {
    let load = Load::link(&format!("{DASHBOARD}/auth/authorize"), url);
    let visit = browser.load(load.clone()).await;
    if loads_again(visit.first()) { browser.load(load).await } else { visit }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T, what: &str) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?} and not {wanted:?}")) }
}
