//! What the app is told, and where it has a say.

use crate::prelude::*;

/// Writes down what it is told, and says no or answers where a test wants it to.
#[derive(Clone, Default)]
struct Diary {
    entries: Arc<Mutex<Vec<String>>>,
    store: Shelf,
    veto: Option<&'static str>,
    answers: bool,
    hangs: bool,
    /// What the last failure knew of the way back.
    start_again: Arc<Mutex<Option<(String, bool)>>>,
}

impl Diary {
    fn write(&self, entry: String) {
        self.entries.lock().unwrap().push(entry);
    }

    fn entries(&self) -> Vec<String> {
        self.entries.lock().unwrap().clone()
    }

    async fn shop(&self, mode: Mode) -> Shop {
        let hooks = self.clone();
        Shop::builder(mode).still().shelf(&self.store).layer(|layer| layer.with_hooks(hooks)).open().await
    }
}

#[async_trait]
impl Hooks for Diary {
    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        let stored = self.store.load(connecting.user).await.unwrap().is_some();
        self.write(format!("before storing {}, stored: {stored}", connecting.key.fingerprint()));
        if self.hangs {
            hang::<()>().await;
        }
        self.veto.map_or(Ok(()), |reason| Err(Veto::new(reason)))
    }

    async fn connected(&self, event: &Connected) {
        // Takes its time: the visitor's answer comes after.
        for _ in 0..100 {
            yield_now().await;
        }
        let record = self.store.load(&event.user).await.unwrap().unwrap();
        let same = record.fingerprint() == event.fingerprint && *record.version() == event.version;
        self.write(format!("connected {}, stored: {same}", event.attempt));
    }

    async fn orphaned(&self, event: &Orphaned) {
        self.write(format!("orphaned {:?}", event.attempt));
    }

    async fn disconnected(&self, event: &Disconnected) {
        let stored = self.store.load(&event.user).await.unwrap().is_some();
        self.write(format!("disconnected, stored: {stored}"));
    }

    async fn revoked(&self, event: &Revoked) {
        let stored = self.store.load(&event.user).await.unwrap().is_some();
        self.write(format!("revoked {}, stored: {stored}", event.fingerprint));
    }

    async fn failed(&self, failure: &Failure) -> Option<Response<Body>> {
        let attempt = failure.attempt().map(|attempt| attempt.to_string()).unwrap_or_default();
        self.write(format!("failed {} {attempt}", failure.kind().code()));
        *self.start_again.lock().unwrap() = failure.login_url().map(|url| (url.to_owned(), failure.is_for_page()));
        self.answers.then(|| {
            let mut response = Response::new(Body::from("in our own words"));
            *response.status_mut() = failure.kind().status();
            response.headers_mut().insert("content-type", "text/plain".parse().unwrap());
            response
        })
    }
}

/// As apps name the account in it, whose owner may have called it anything.
const REASON: &str = "Only <script>alert(1)</script> & no more.";

#[tokio::test]
async fn t26_a_veto_keeps_the_key_out_and_its_reason_is_text_on_the_page() {
    for mode in MODES {
        let diary = Diary { veto: Some(REASON), ..Diary::default() };
        let shop = diary.shop(mode).await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        let twin = alice.clone().without_fetch_metadata();
        let hop = shop.return_to(&alice, &login.with("C1")).await;
        assert_eq!((hop.status(), hop.location(), shop.shelf.writes()), (403, None, 0));
        let page = hop.text();
        assert!(page.contains("Only &lt;script&gt;alert(1)&lt;/script&gt; &amp; no more."), "{page}");
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(shop.exchanges_of("C1"), 1);
        assert!(flow_cookies(&alice).is_empty(), "the attempt is over");
        let program = shop.returning(&login.with("C1")).header("accept", "application/json");
        let problem = twin.load(program).await.first().json();
        assert_eq!((&problem["code"], &problem["detail"]), (&"vetoed".into(), &REASON.into()));
        assert!(diary.entries()[0].ends_with("stored: false"));
        assert!(!diary.entries().iter().any(|entry| entry.starts_with("connected")));
    }
}

#[tokio::test]
async fn t69_a_late_hook_leaves_a_key_that_is_told_as_orphaned() {
    let diary = Diary { hangs: true, ..Diary::default() };
    let shop = diary.shop(Mode::Users).await;
    let (alice, login) = shop.login_of("alice", "/x").await;
    let log = Log::from_now();
    let hop = shop.return_to(&alice, &login.with("C1")).await;
    assert_eq!((hop.status(), shop.shelf.writes()), (500, 0));
    assert_eq!(log.lines_with(&["ERROR", login.reference(), "a new key could not be stored"]).len(), 1);
    let told = diary.entries();
    assert_eq!(told.iter().filter(|entry| entry.starts_with("orphaned")).count(), 1, "{told:?}");
    assert!(told.iter().any(|entry| entry.starts_with("failed internal")), "{told:?}");
}

#[tokio::test]
async fn the_app_knows_of_a_connection_before_the_visitor_does() {
    for mode in MODES {
        let diary = Diary::default();
        let shop = diary.shop(mode).await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        let hop = shop.return_to(&alice, &login.with("C1")).await;
        let entries = diary.entries();
        assert_eq!(hop.status(), 303);
        let attempt = login.reference();
        assert!(entries[0].starts_with("before storing ") && entries[0].ends_with(", stored: false"), "{entries:?}");
        assert_eq!(entries[1..], [format!("connected {attempt}, stored: true")]);
        // A repetition is no second connection.
        shop.return_to(&alice, &login.with("C1")).await;
        assert_eq!(diary.entries().len(), 2);

        shop.disconnect(&alice).await;
        assert_eq!(diary.entries()[2..], ["disconnected, stored: false"]);
    }
}

#[tokio::test]
async fn a_key_that_komerza_calls_dead_is_removed_and_the_app_is_told() {
    for mode in MODES {
        let diary = Diary::default();
        let shop = diary.shop(mode).await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        shop.accepts(&alice, &login, "C1", "/x").await;
        let fingerprint = alice.load(Load::typed(STATUS)).await.last().json()["fingerprint"].clone();
        shop.provider.on_path("/user", Reply::error(401, "BadToken"));
        alice.open(&shop.url("/user")).await;
        let revoked = format!("revoked {}, stored: false", fingerprint.as_str().unwrap());
        assert_eq!(diary.entries()[2..], [revoked]);
        assert_eq!(shop.key_seen_by(&alice).await, None);
        // Connecting again is all it takes.
        shop.connects(&alice, "C2").await;
    }
}

#[tokio::test]
async fn the_app_may_answer_every_failure_in_its_own_words() {
    for mode in MODES {
        let diary = Diary { answers: true, veto: Some("no"), ..Diary::default() };
        let shop = diary.shop(mode).await;
        let (alice, login) = shop.login_of("alice", "/x").await;
        let attempt = login.reference().to_owned();
        for (load, status, entry) in [
            (shop.returning("code=a&code=b"), 400, "failed unknown_state ".to_owned()),
            (
                shop.returning(&format!("code=a&code=b&state={}", login.state)),
                400,
                format!("failed malformed_request {attempt}"),
            ),
            (Load::typed(CALLBACK).method(Method::PUT), 405, "failed method_not_allowed ".to_owned()),
            (Load::prefetch(SITE, LOGIN), 503, "failed speculative ".to_owned()),
            (Load::form("https://evil.example/", DISCONNECT, ""), 403, "failed cross_site ".to_owned()),
        ] {
            let hop = shop.refuses_load(&alice, load, status).await;
            assert_eq!(hop.text(), "in our own words");
            assert_eq!(diary.entries().last(), Some(&entry));
            assert_eq!(hop.header("allow"), (status == 405).then_some("GET"));
            assert_eq!(hop.header("retry-after"), (status == 503).then_some("5"));
            assert!(
                hop.header("content-security-policy").unwrap().contains("form-action 'none'"),
                "a form would end at its redirect"
            );
        }
        // Also where a cookie goes: the attempt is used up whoever words it.
        let hop = shop.return_to(&alice, &login.with("C1")).await;
        assert_eq!((hop.status(), hop.text().as_str()), (403, "in our own words"));
        assert!(flow_cookies(&alice).is_empty());
        // The app's own page can offer the way back to where the visitor came from. A program gets no page.
        let last = || diary.start_again.lock().unwrap().clone();
        assert_eq!(last(), Some(("/komerza/login?return_to=%2Fx".to_owned(), true)));
        let program = shop.returning("code=a&code=b").header("accept", "application/json");
        alice.clone().without_fetch_metadata().load(program).await;
        assert_eq!(last(), Some(("/komerza/login?return_to=%2F".to_owned(), false)));
        let denied = shop.start(&alice, "/x").await;
        let hop = shop.return_to(&alice, &format!("state={}", denied.state)).await;
        assert_eq!((hop.status(), hop.text().as_str()), (403, "in our own words"));
        assert_eq!(shop.shelf.keys(), [""; 0]);
        assert!(!diary.entries().iter().any(|entry| entry.contains(&key_for_code("C1"))));
    }
}
