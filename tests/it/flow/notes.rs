//! What the app says before the browser leaves, and what it finds again afterwards.

use crate::prelude::*;
use komerza_connect::hooks::Leaving;

/// Notes what the query says, and writes down what it finds again.
#[derive(Clone, Default)]
struct Plans(Arc<Mutex<Vec<String>>>);

impl Plans {
    fn write(&self, entry: String) {
        self.0.lock().unwrap().push(entry);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    async fn shop(&self, mode: Mode) -> Shop {
        let hooks = self.clone();
        Shop::builder(mode).still().layer(|layer| layer.with_hooks(hooks)).open().await
    }
}

fn text(note: Option<&Note>) -> String {
    note.map_or("none".to_owned(), |note| note.as_str().to_owned())
}

#[async_trait]
impl Hooks for Plans {
    async fn before_leaving(&self, leaving: &Leaving<'_>) -> Result<Option<Note>, Veto> {
        let user = leaving.user.map_or("nobody", UserId::as_str);
        self.write(format!(
            "{} leaves for {}",
            if user.starts_with("browser-") { "a browser" } else { user },
            leaving.return_to
        ));
        match leaving.parts.uri.query().and_then(|query| query.split("plan=").nth(1)) {
            Some("closed") => Err(Veto::new("This <plan> is sold out.")),
            Some("panics") => panic!("obviously fake: the hook panics"),
            Some("long") => Note::new("x".repeat(257)).map(Some).map_err(|error| Veto::new(error.to_string())),
            Some(plan) => Ok(Note::new(plan).ok()),
            None => Ok(None),
        }
    }

    async fn before_storing(&self, connecting: &Connecting<'_>) -> Result<(), Veto> {
        let replaced = connecting.replaced.map_or("nothing".to_owned(), |record| text(record.note()));
        self.write(format!("{} replaces {replaced}", text(connecting.note)));
        assert_eq!(connecting.key.note(), connecting.note);
        Ok(())
    }

    async fn connected(&self, event: &Connected) {
        self.write(format!("connected with {}", text(event.note.as_ref())));
    }
}

async fn connect(shop: &Shop, browser: &Browser, plan: &str, code: &str) {
    let load = Load::typed(&format!("{LOGIN}?return_to=%2Fx&plan={plan}")).stop_at_first();
    let login = started(browser.load(load).await.first().clone());
    shop.accepts(browser, &login, code, "/x").await;
}

#[tokio::test]
async fn a_note_travels_from_the_login_into_the_record_and_the_key() {
    let plans = Plans::default();
    let shop = plans.shop(Mode::Users).await;
    let alice = shop.browser("alice");
    let longest = "x".repeat(256);
    for (plan, code, found) in [
        ("pro", "C1", "pro replaces nothing"),
        (&longest, "C2", &*format!("{longest} replaces pro")),
        ("basic", "C3", &*format!("basic replaces {longest}")),
    ] {
        connect(&shop, &alice, plan, code).await;
        let entries = plans.taken();
        assert_eq!(entries[0], "alice leaves for /x");
        assert_eq!(entries[2], format!("connected with {plan}"));
        assert_eq!(entries[1], found);
        let id = user("alice");
        let record = shop.shelf.load(&id).await.unwrap().unwrap();
        assert_eq!(text(record.note()), plan);
        assert!(!format!("{record:?}{:?}", record.note()).contains(plan), "no text in Debug");
        let key = shop.layer.client_for(&id).await.unwrap().unwrap();
        assert_eq!(text(key.note()), plan);
    }
    shop.connects(&alice, "C4").await;
    assert_eq!(plans.taken()[1], "none replaces basic", "a later connect replaces the note, also by none");
}

/// The longest note beside the longest return path.
#[tokio::test]
async fn the_largest_login_attempt_fits_into_a_cookie() {
    let (plans, path) = (Plans::default(), format!("/{}", "p".repeat(511)));
    for shop in in_both(|mode| plans.shop(mode)).await {
        let alice = shop.browser("alice");
        let url = format!("{LOGIN}?return_to={path}&plan={}", "x".repeat(256));
        let login = started(alice.hop(Load::typed(&url)).await);
        let size = login.cookie.len() + alice.jar().get(&login.cookie).unwrap().len();
        // With as many as are kept, a request's head stays under the 8 KiB of common servers.
        assert!(size <= 4_096 / 3, "{size}");
        shop.accepts(&alice, &login, "C1", &path).await;
    }
}

#[tokio::test]
async fn the_hook_before_leaving_may_keep_the_visitor_here() {
    for mode in MODES {
        let plans = Plans::default();
        let shop = plans.shop(mode).await;
        for (plan, status, words) in [
            ("closed", 403, "This &lt;plan&gt; is sold out."),
            ("long", 403, "a note has at most 256 bytes, and this one has 257"),
            ("panics", 500, "Tell the people who run it"),
        ] {
            let alice = shop.browser("alice");
            let before = shop.mark();
            let load = Load::link(SITE, &format!("{LOGIN}?plan={plan}")).stop_at_first();
            let hop = alice.load(load).await.first().clone();
            assert_eq!((hop.status(), hop.location()), (status, None), "{plan}: {}", hop.text());
            assert!(hop.text().contains(words), "{plan}: {}", hop.text());
            assert_eq!((flow_cookies(&alice).len(), shop.mark()), (0, before), "nothing has begun");
        }
        plans.taken();
        // Nobody is asked about a login that is refused anyway, or that the visitor is asked about first.
        let alice = shop.browser("alice");
        alice.load(Load::fetch(SITE, Method::GET, LOGIN)).await;
        alice.click(EVIL, LOGIN).await;
        assert_eq!(plans.taken(), [""; 0]);
        connect(&shop, &alice, "pro", "C1").await;
        let leaves = plans.taken().swap_remove(0);
        assert_eq!(leaves, if mode == Mode::Users { "alice leaves for /x" } else { "nobody leaves for /x" });
    }
}

#[expect(dead_code, reason = "its app is not run here")]
#[path = "../../../examples/same_account.rs"]
mod same_account;

/// Which key belongs to whom, as the example's hook asks.
#[tokio::test]
async fn the_example_for_the_same_account_lets_no_other_in_and_nobody_when_it_cannot_tell() {
    let hooks = |layer: KomerzaConnectLayer| layer.with_hooks(same_account::SameAccount);
    let shop = Shop::builder(Mode::Users).still().layer(hooks).open().await;
    let alice = shop.browser("alice");
    shop.provider.on_path(
        "/user",
        Reply::from_fn(|request| match request.header("authorization") {
            Some(key) if key.ends_with(&key_for_code("other")) => Reply::success(&json!({ "id": "b" })),
            _ => Reply::success(&json!({ "id": "a" })),
        }),
    );
    let again = async |code: &str, status: u16, kept: &str| {
        let login = shop.start(&alice, "/").await;
        let hop = shop.return_to(&alice, &login.with(code)).await;
        assert_eq!(hop.status(), status, "{code}: {}", hop.text());
        assert_eq!(shop.shelf.keys(), [key_for_code(kept)], "{code}");
    };
    again("first", 303, "first").await;
    again("second", 303, "second").await;
    again("other", 403, "second").await;
    shop.provider.on_path("/user", Reply::error(500, "Broken"));
    again("unknown", 403, "second").await;
    shop.provider.on_path("/user", Reply::error(401, "BadToken"));
    again("third", 403, "second").await;
}
