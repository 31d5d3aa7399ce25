use super::*;
use std::time::Duration;

fn good() -> ConfigBuilder {
    Config::builder()
        .client_id("00000000-0000-4000-8000-000000000000")
        .client_secret("obviously-fake".repeat(6).get(..72).unwrap())
        .redirect_uri("https://shop.example/komerza/callback")
        .user_agent("MyApp/1.0")
}

type Change = fn(ConfigBuilder) -> ConfigBuilder;

#[test]
fn t33_every_wrong_setting_is_named_and_no_secret_is_repeated() {
    let table: &[(&str, Change)] = &[
        ("client_id", |b| b.client_id("")),
        ("client_id", |b| b.client_id("a b")),
        ("client_id", |b| b.client_id("..")),
        ("client_id", |b| b.client_id("x".repeat(129))),
        ("client_secret", |b| b.client_secret("obviously-fake")),
        ("client_secret", |b| b.client_secret("")),
        ("client_secret", |b| b.client_secret(format!("obviously-fake\r\n{}", "x".repeat(56)))),
        ("client_secret", |b| b.client_secret_of_any_length("")),
        ("redirect_uri", |b| b.redirect_uri("http://shop.example/cb")),
        ("redirect_uri", |b| b.redirect_uri("https://shop.example/cb#x")),
        ("redirect_uri", |b| b.redirect_uri("https://shop.example")),
        ("user_agent", |b| b.user_agent("")),
        ("user_agent", |b| b.user_agent("  ")),
        ("user_agent", |b| b.user_agent("MyApp\r\nX: y")),
        ("user_agent", |b| b.user_agent("Müller/1.0")),
        ("api_url", |b| b.api_url("http://api.example")),
        ("api_url", |b| b.api_url("https://obviously:fake@api.example")),
        ("api_url", |b| b.api_url("https://api.example?x=obviously-fake")),
        ("api_url", |b| b.api_url("https://api.example/#x")),
        ("api_url", |b| b.api_url("file:///etc/passwd")),
        ("dashboard_url", |b| b.dashboard_url("http://dashboard.example")),
        ("login_path", |b| b.login_path("komerza/login")),
        ("login_path", |b| b.login_path("/komerza/callback")),
        ("status_path", |b| b.status_path("/komerza/login")),
        ("disconnect_path", |b| b.disconnect_path("/a?b")),
        ("login_path", |b| b.login_path("/a/../login")),
        ("login_path", |b| b.login_path("/./login")),
        ("login_path", |b| b.login_path("/a/..")),
        ("status_path", |b| b.status_path("/%2e%2e/status")),
        ("status_path", |b| b.status_path("/a//status")),
        ("status_path", |b| b.status_path("/status#")),
        ("status_path", |b| b.status_path("/st\"tus")),
        ("disconnect_path", |b| b.disconnect_path("/\\disconnect")),
        ("disconnect_path", |b| b.disconnect_path("/dis connect")),
        ("stripped_prefix", |b| b.stripped_prefix("/shop")),
        ("default_return_path", |b| b.default_return_path("https://evil.example/")),
        ("default_return_path", |b| b.default_return_path("/komerza/login")),
        ("sign_in_page", |b| b.sign_in_page("//evil.example")),
        ("style_sheet", |b| b.style_sheet("https://evil.example/a.css")),
        ("app_name", |b| b.app_name("")),
        ("app_name", |b| b.app_name("a\nb")),
        ("app_name", |b| b.app_name("\u{e4}".repeat(101))),
    ];
    assert!(good().build().is_ok());
    for (setting, change) in table {
        let error = change(good()).build().expect_err(setting);
        assert_eq!(error.setting(), *setting);
        assert!(!format!("{error} {error:?}").contains("obviously"), "{error:?}");
        assert_eq!(format!("{error:?}"), error.to_string());
    }
}

#[test]
fn a_variable_is_named_where_from_env_reads_it_and_nowhere_else() {
    let error = good().redirect_uri("/cb").build().unwrap_err();
    assert!(error.to_string().starts_with("redirect_uri (KOMERZA_REDIRECT_URI) is not an absolute URL. "));
    let error = good().login_path("login").build().unwrap_err();
    assert!(
        error.to_string().starts_with("login_path must start with the stripped prefix, if there is one, and a slash. ")
    );
    let read = std::sync::Mutex::new(Vec::new());
    let _ = ConfigBuilder::from_lookup(|name| {
        read.lock().unwrap().push(name.to_owned());
        None
    });
    let named: Vec<_> =
        ["client_id", "client_secret", "redirect_uri", "user_agent", "api_url", "dashboard_url", "cookie_keys"]
            .map(|setting| super::env::variable_of(setting).unwrap().to_owned())
            .into();
    assert_eq!(*read.lock().unwrap(), named);
}

#[test]
fn everything_that_is_missing_or_wrong_is_said_at_once_one_per_line() {
    let error = Config::builder()
        .redirect_uri("https://shop.example/komerza/callback/")
        .login_path("login")
        .sign_in_page("//evil.example")
        .sign_in_parameter("a b")
        .build()
        .unwrap_err();
    let settings: Vec<_> = error.settings().iter().map(|wrong| (wrong.setting, wrong.why.code)).collect();
    let all = [
        ("client_id", "missing"),
        ("client_secret", "missing"),
        ("redirect_uri", "trailing_slash"),
        ("user_agent", "missing"),
        ("login_path", "not_under_prefix"),
    ];
    assert_eq!(settings[..5], all);
    // Settings that depend on the routes are checked too, although the routes are wrong.
    assert!(settings.contains(&("sign_in_parameter", "parameter_name")), "{settings:?}");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1 + settings.len(), "{text}");
    assert_eq!(text.lines().next().unwrap(), format!("{} settings are missing or wrong:", settings.len()));
    assert!(text.contains("\n- user_agent (KOMERZA_USER_AGENT) is missing. "), "{text}");
}

#[test]
fn t33_what_surrounds_a_value_is_said_and_the_value_is_not() {
    let secret = "obviously-fake".repeat(6).get(..72).unwrap().to_owned();
    for (text, said) in [
        (format!("\"{secret}"), "has 73 characters: it begins with a quotation mark"),
        (format!("'{secret}'"), "has 74 characters: it begins and ends with a quotation mark"),
        (format!("{secret}\n"), "has 73 characters: it ends with a line break"),
        (format!(" {secret}"), "has 73 characters: it begins with a space"),
        (secret.get(..71).unwrap().to_owned(), "has 71 characters; Komerza's have 72"),
    ] {
        for builder in [
            good().client_secret(&text),
            ConfigBuilder::from_lookup(|name| (name == "KOMERZA_CLIENT_SECRET").then(|| text.clone()))
                .client_id("x")
                .redirect_uri("https://shop.example/cb")
                .user_agent("A/1"),
        ] {
            let error = builder.build().unwrap_err().to_string();
            assert!(error.starts_with(&format!("client_secret (KOMERZA_CLIENT_SECRET) {said}. ")), "{error}");
            assert!(!error.contains("obviously"), "{error}");
        }
    }
    let error = good().redirect_uri("\"https://shop.example/cb\"").build().unwrap_err().to_string();
    assert!(error.contains("it begins and ends with a quotation mark"), "{error}");
}

#[test]
fn a_variable_that_is_set_but_empty_is_not_called_missing() {
    let error = ConfigBuilder::from_lookup(|_| Some(String::new())).build().unwrap_err();
    let said: Vec<_> = error.settings().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "client_id (KOMERZA_CLIENT_ID) is set but empty",
            "client_secret (KOMERZA_CLIENT_SECRET) is set but empty",
            "redirect_uri (KOMERZA_REDIRECT_URI) is set but empty",
            "user_agent (KOMERZA_USER_AGENT) is set but empty",
        ],
        "the others have a default"
    );
}

#[test]
fn of_a_setting_that_is_given_twice_the_last_one_counts_even_if_the_first_was_wrong() {
    let from = |keys: &str| good().with_keys(keys);
    let key = SealingKey::from_bytes(b"obviously a fake key of 32 bytes").unwrap();
    assert!(from("not base64!").build().is_err());
    assert!(from("not base64!").cookie_keys([key]).build().is_ok());
}

#[test]
fn a_builder_from_the_environment_takes_what_the_environment_does_not_have() {
    let lookup = |name: &str| match name {
        "KOMERZA_CLIENT_ID" => Some("id".to_owned()),
        "KOMERZA_CLIENT_SECRET" => Some("s".repeat(72)),
        "KOMERZA_REDIRECT_URI" => Some("https://shop.example/komerza/callback".to_owned()),
        "KOMERZA_USER_AGENT" => Some("MyApp/1.0".to_owned()),
        _ => None,
    };
    let builder = ConfigBuilder::from_lookup(lookup).sign_in_page("/login").sign_in_parameter("next");
    let config = builder.build().unwrap();
    assert_eq!((config.sign_in_page.as_deref(), &*config.sign_in_parameter), (Some("/login"), "next"));
}

#[test]
fn a_client_id_has_no_character_that_a_path_or_a_query_reads_otherwise() {
    for id in ["../x", "a/b", "a?b", "a#b", "a&b", "a%2fb", "a b", "a\\b", "a:b"] {
        let error = good().client_id(id).build().expect_err(id);
        assert_eq!(error.settings()[0].why.code, "client_id_characters");
    }
    assert!(good().client_id("Az09-._~").build().is_ok());
}

/// One way to each message of the configuration.
pub(crate) fn provoked() -> Vec<ConfigError> {
    let limits = |capacity| {
        let bucket = Bucket { capacity, refill: 1, period: Duration::from_secs(1) };
        Limits { exchange_bucket: bucket, ..Limits::default() }
    };
    let keys = |list: &str| good().with_keys(list);
    let no_certificate = reqwest::Certificate::from_der(b"obviously no certificate").unwrap();
    let client = reqwest::Client::builder().tls_certs_only([no_certificate]);
    let mut errors: Vec<_> = [
        Config::builder().client_secret("s".repeat(72)).redirect_uri("https://a.example/cb").user_agent("A/1"),
        good().user_agent(""),
        good().client_id("x".repeat(129)),
        good().client_secret(format!("\"{}", "s".repeat(72))),
        good().user_agent("M\u{fc}ller/1.0"),
        good().app_name("a\nb"),
        good().client_id("a/b"),
        good().client_id(".."),
        good().client_secret("too short"),
        keys("b2J2aW91cw=="),
        keys(&"A".repeat(43)),
        keys("not base64!"),
        good().redirect_uri("shop.example/komerza/callback"),
        good().redirect_uri("https://shop.example/caf\u{e9}"),
        good().redirect_uri("https://user@shop.example/cb"),
        good().redirect_uri("https://shop.example/cb#top"),
        good().redirect_uri("https://shop.example/cb?x=1"),
        good().redirect_uri("http://shop.example/cb"),
        good().redirect_uri("https://shop.example"),
        good().redirect_uri("https://shop.example/komerza/callback/"),
        good().redirect_uri("https://shop.example/a/../cb"),
        good().stripped_prefix("/shop"),
        good().login_path("login"),
        good().status_path("/komerza/login"),
        good().sign_in_page("https://shop.example/login"),
        good().sign_in_parameter("a b"),
        good().limits(limits(10_001)),
    ]
    .into_iter()
    .map(|builder| builder.build().unwrap_err())
    .collect();
    errors.push(crate::wire::build(client).unwrap_err());
    errors
}

impl ConfigBuilder {
    fn with_keys(self, list: &str) -> Self {
        super::env::cookie_keys(self, list.to_owned())
    }
}

#[test]
fn every_message_about_a_setting_is_provoked() {
    let provoked: Vec<_> = provoked().iter().map(|error| error.settings()[0].why.code.to_owned()).collect();
    let all: Vec<_> = crate::message::ALL.iter().map(|message| message.code.to_owned()).collect();
    assert_eq!(provoked, all);
}

#[test]
fn t75_a_client_that_cannot_be_built_names_its_cause() {
    let error = provoked().pop().unwrap().to_string();
    for part in ["builder error: invalid peer certificate", "ca-certificates"] {
        assert!(error.contains(part), "{part:?} is missing: {error}");
    }
}

#[test]
fn the_authorize_url_encodes_what_it_carries() {
    let config = good().client_id("a-b_c").build().unwrap();
    assert_eq!(
        config.authorize_url("st-ate_1"),
        "https://dashboard.komerza.com/auth/authorize?client_id=a-b_c\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fkomerza%2Fcallback&state=st-ate_1"
    );
}

#[test]
fn debug_of_a_configuration_shows_no_secret() {
    assert!(!format!("{:?} {:?}", good(), good().build().unwrap()).contains("obviously"));
}

#[test]
fn a_cookie_key_that_is_too_short_is_refused_by_name() {
    let environment = |name: &str| (name == "KOMERZA_COOKIE_KEYS").then(|| "b2J2aW91cw==".into());
    let error = ConfigBuilder::from_lookup(environment).build().unwrap_err();
    let keys = error.settings().iter().find(|wrong| wrong.setting == "cookie_keys").unwrap();
    assert_eq!(keys.to_string(), "cookie_keys (KOMERZA_COOKIE_KEYS) holds a key of 7 bytes; at least 32 are needed");
}

#[test]
fn a_bucket_too_large_to_count_in_is_refused_unless_it_is_off() {
    for (setting, change) in [
        ("limits.exchange_bucket", (|limits, bucket| limits.exchange_bucket = bucket) as fn(&mut Limits, Bucket)),
        ("limits.client.bucket", |limits, bucket| limits.client.bucket = bucket),
    ] {
        let with = |bucket| {
            let mut limits = Limits::default();
            change(&mut limits, bucket);
            good().limits(limits).build().map_err(|error| error.setting().to_owned())
        };
        let most = Bucket { capacity: 10_000, refill: 1, period: Duration::from_secs(1) };
        assert!(with(most).is_ok());
        assert_eq!(with(Bucket { capacity: 10_001, ..most }).unwrap_err(), setting);
        assert!(with(Bucket { capacity: u32::MAX, period: Duration::ZERO, ..most }).is_ok());
    }
}

#[test]
fn the_limit_on_return_paths_is_for_visitors_and_not_for_the_configured_ones() {
    let limits = Limits { return_path_bytes: 0, ..Limits::default() };
    let config = good().limits(limits).sign_in_page("/a-sign-in-page").build().unwrap();
    assert_eq!((config.default_return_path.as_str(), config.sign_in_page.as_deref()), ("/", Some("/a-sign-in-page")));
}
