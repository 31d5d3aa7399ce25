//! The doctor: every finding is provoked once, and the page on setting up knows no other.

use crate::prelude::*;
use axum::Extension;
use komerza_connect::doctor::{Report, Severity};
use komerza_sandbox::{ErrorNames, Target};
use std::io;

fn at(sandbox: &Sandbox) -> ConfigBuilder {
    sandbox.config_builder("https://shop.example/komerza/callback")
}

/// A store that is wrong in one way.
#[derive(Clone, Copy, PartialEq)]
enum Odd {
    Down,
    Forgets,
    Keeps,
    NoPing,
}

fn down() -> StoreError {
    StoreError::unavailable(io::Error::other("connection refused"))
}

struct OddStore(Odd, MemoryStore);

#[async_trait]
impl TokenStore for OddStore {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        self.1.load(user).await
    }
    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        match self.0 {
            Odd::Down => Err(down()),
            Odd::Forgets => Ok(()),
            Odd::Keeps | Odd::NoPing => self.1.save(user, token).await,
        }
    }
    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        self.1.delete(user).await
    }
    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        if self.0 == Odd::Keeps { Ok(true) } else { self.1.delete_if(user, version).await }
    }
    fn lists_users(&self) -> Option<&dyn ListUsers> {
        (self.0 != Odd::NoPing).then_some(self)
    }
}

#[async_trait]
impl ListUsers for OddStore {
    async fn list_users(&self, _: Option<&str>, _: usize) -> Result<UserPage, StoreError> {
        Err(down())
    }
    async fn remove_older(&self, _: &str, _: SystemTime, _: usize) -> Result<Vec<(UserId, StoredToken)>, StoreError> {
        Err(down())
    }
    async fn ping(&self) -> Result<(), StoreError> {
        Err(down())
    }
}

async fn examine(config: Config, store: impl TokenStore) -> Report {
    KomerzaConnectLayer::new(config, store).unwrap().doctor().await
}

fn codes(report: &Report) -> Vec<(&str, Severity)> {
    report.findings.iter().map(|finding| (finding.code, finding.severity)).collect()
}

/// An API that says nothing but a status, and not what time it is.
async fn without_date() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    });
    url
}

/// The codes in the doctor's table of the guide.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../src/guide/setting_up.md");
    let (_, table) = page.split_once("## Doctor").unwrap();
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect()
}

#[tokio::test]
async fn every_finding_of_the_doctor_is_provoked_and_documented() {
    let sandbox = Sandbox::builder().unlimited().start().await.unwrap();
    let mut seen = BTreeSet::new();
    let mut see = |report: &Report| seen.extend(report.findings.iter().map(|finding| finding.code.to_owned()));

    let connect = KomerzaConnectLayer::new(at(&sandbox).build().unwrap(), MemoryStore::default()).unwrap();
    let app: Router = Router::new().layer(connect.clone());
    let report = connect.doctor().await.with_app(app, connect.config()).await;
    let fine = ["https", "store_works", "ping_works", "komerza_answers", "clock_right", "code_refused", "mounted"];
    assert_eq!(codes(&report), fine.map(|code| (code, Severity::Fine)));
    assert_eq!(report.severity(), Severity::Fine);
    see(&report);

    let report = connect.doctor().await.with_app(Router::new(), connect.config()).await;
    let lost = report.findings.last().unwrap();
    assert_eq!((lost.code, lost.severity), ("not_mounted", Severity::Error));
    assert!(lost.text.starts_with("HEAD /komerza/login was answered by something other than"), "{lost}");

    let development = at(&sandbox).redirect_uri("http://127.0.0.1:3000/komerza/callback").build().unwrap();
    let report = examine(development, MemoryStore::default()).await;
    assert_eq!(codes(&report)[0], ("plain_http", Severity::Warning));
    see(&report);

    for (odd, wrong) in [
        (Odd::Down, &["store_fails", "ping_fails"][..]),
        (Odd::Forgets, &["store_forgets", "ping_fails"]),
        (Odd::Keeps, &["store_keeps", "ping_fails"]),
        (Odd::NoPing, &[]),
    ] {
        let report = examine(at(&sandbox).build().unwrap(), OddStore(odd, MemoryStore::default())).await;
        let errors: Vec<_> = codes(&report)
            .into_iter()
            .filter(|(_, severity)| *severity == Severity::Error)
            .map(|(code, _)| code)
            .collect();
        assert_eq!(errors, wrong);
        see(&report);
    }

    // An API that knows no time of day hangs up when the exchange comes.
    let report = examine(at(&sandbox).api_url(without_date().await).build().unwrap(), MemoryStore::default()).await;
    assert_eq!(codes(&report)[4..], [("no_date", Severity::Fine), ("exchange_fails", Severity::Error)]);
    see(&report);

    let clock = ManualClock::default(); // it stands where the machine was long ago
    let connect = KomerzaConnectLayer::new(at(&sandbox).build().unwrap(), MemoryStore::default()).unwrap();
    let report = connect.with_clock(clock).doctor().await;
    assert_eq!(codes(&report)[4], ("clock_wrong", Severity::Error));
    see(&report);
    // Nobody listens on port 1. And what an exchange of a made-up code proves: a wrong secret of the right length, and a wrong
    // client ID.
    for (config, code) in [
        (at(&sandbox).api_url("http://127.0.0.1:1"), "komerza_unreachable"),
        (at(&sandbox).client_secret("s".repeat(72)), "secret_refused"),
        (at(&sandbox).client_id("obviously-fake-app"), "app_unknown"),
    ] {
        let report = examine(config.build().unwrap(), MemoryStore::default()).await;
        assert_eq!(codes(&report).last(), Some(&(code, Severity::Error)));
        see(&report);
    }
    // Without the name of the mistake nothing is proven, and nothing is claimed.
    sandbox.switch(|switches| switches.exchange_error_names = ErrorNames::Absent);
    let report = examine(at(&sandbox).build().unwrap(), MemoryStore::default()).await;
    let said = report.findings.last().unwrap();
    assert_eq!((said.code, said.severity), ("exchange_fails", Severity::Warning));
    assert!(said.text.contains("(exchange_refused)"), "{said}");
    let rule =
        sandbox.faults().on(Target::exchange()).inject(komerza_sandbox::Fault::status(StatusCode::TOO_MANY_REQUESTS));
    let report = examine(at(&sandbox).build().unwrap(), MemoryStore::default()).await;
    assert_eq!(codes(&report).last(), Some(&("exchange_fails", Severity::Warning)));
    rule.remove();

    let connect = KomerzaConnectLayer::new(at(&sandbox).build().unwrap(), MemoryStore::default()).unwrap();
    let connect = connect.with_user(|_: &Parts| Some(UserId::from(7)));
    let app: Router = Router::new().layer(connect.clone());
    let report = connect.doctor().await.with_signed_in_app(app, connect.config(), |_| {}).await;
    assert_eq!(codes(&report).last(), Some(&("signed_in", Severity::Fine)));
    see(&report);

    assert_eq!(seen, documented());
}

#[tokio::test]
async fn the_doctor_leaves_no_record_and_no_secret_behind() {
    let sandbox = Sandbox::start().await.unwrap();
    let store = MemoryStore::default();
    let secret = "obviously-fake".repeat(6)[..72].to_owned();
    let config = at(&sandbox).client_secret(&secret).build().unwrap();
    let report = examine(config, store.clone()).await;
    assert!(store.list_users(None, 10).await.unwrap().users.is_empty());
    let said = format!("{report} {report:?} {}", report.to_json());
    assert!(!said.contains("obviously-fakeobviously"), "{said}");
}

#[tokio::test]
async fn a_report_names_what_to_register_and_every_route_with_its_cookies() {
    let sandbox = Sandbox::start().await.unwrap();
    let config = at(&sandbox).redirect_uri("https://shop.example/shop/komerza/callback").stripped_prefix("/shop");
    let connect = KomerzaConnectLayer::new(config.build().unwrap(), MemoryStore::default()).unwrap();
    let report = connect.doctor().await;
    let text = report.to_string();
    // What is wrong comes first, the long list last, one line for each part of a store.
    let place = |part| text.find(part).unwrap();
    assert!(text.starts_with("Findings (worst: fine):\n"), "{text}");
    assert!(
        place("Routes:") < place("Register in") && place("redirect URI  ") < place("user.view   for user()"),
        "{text}"
    );
    assert!(text[place("Register in")..].lines().count() <= 25, "{text}");
    for part in [
        "redirect URI  https://shop.example/shop/komerza/callback",
        "    stores.orders           create, deliver, refund, view",
        "/shop/komerza/login (in the app: /komerza/login)",
        "-session; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["register"]["redirect_uri"], "https://shop.example/shop/komerza/callback");
    assert_eq!(json["routes"][0]["methods"], json!(["GET", "POST"]));
    assert_eq!(json["routes"][1]["cookies"].as_array().unwrap().len(), 2);
    // With the app's own users there is no browser session.
    let routes = connect.with_user(|_: &Parts| None).routes();
    assert_eq!(routes.iter().map(|route| route.cookies.len()).collect::<Vec<_>>(), [1, 1, 0, 0]);
}

#[tokio::test]
async fn two_layers_and_the_wrong_order_of_layers_are_found_in_the_app() {
    let sandbox = Sandbox::start().await.unwrap();
    let layer = || KomerzaConnectLayer::new(at(&sandbox).build().unwrap(), MemoryStore::default()).unwrap();
    let found = async |connect: &KomerzaConnectLayer, app: Router| {
        let report = connect.doctor().await.with_app(app, connect.config()).await;
        report.findings.last().unwrap().clone()
    };
    let (one, two) = (layer(), layer());
    assert_eq!(found(&one, Router::new().layer(one.clone()).layer(one.clone())).await.code, "mounted");
    let twice = found(&one, Router::new().layer(two).layer(one.clone())).await;
    assert_eq!((twice.code, twice.severity), ("two_layers", Severity::Error));
    assert!(twice.text.starts_with("two layers have the same redirect URI"), "{twice}");
    // The app's session layer, whose extractor refuses without it.
    let session = || Extension(7_i64);
    let connect = layer().with_user(by_extractor(|Extension(user): Extension<i64>| Some(UserId::from(user))));
    assert_eq!(found(&connect, Router::new().layer(connect.clone()).layer(session())).await.code, "mounted");
    let wrong = found(&connect, Router::new().layer(session()).layer(connect.clone())).await;
    assert_eq!((wrong.code, wrong.severity), ("signed_out", Severity::Error));
    assert!(wrong.text.ends_with("(503 Service Unavailable)"), "{wrong}");
    assert!(wrong.remedy.unwrap().contains("`.layer(connect).layer(auth)`"), "{wrong}");
    // A look-up that takes a missing session for nobody: a signed-in request is needed.
    let find = |parts: &Parts| parts.extensions.get::<i64>().map(|user| UserId::from(*user));
    let connect = layer().with_user(find);
    let wrong: Router = Router::new().layer(session()).layer(connect.clone());
    assert_eq!(found(&connect, wrong.clone()).await.code, "mounted");
    let report = connect.doctor().await.with_signed_in_app(wrong, connect.config(), |_| {}).await;
    assert_eq!(codes(&report).last(), Some(&("signed_out", Severity::Error)));
}
