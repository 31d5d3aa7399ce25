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
    assert_eq!(error.to_string(), "redirect_uri (KOMERZA_REDIRECT_URI) is not an absolute URL");
    let error = good().login_path("login").build().unwrap_err();
    assert_eq!(error.to_string(), "login_path must start with a slash, or with the stripped prefix and one");
    let read = std::sync::Mutex::new(Vec::new());
    let _ = Config::from_lookup(|name| {
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
fn all_settings_that_are_missing_are_named_at_once() {
    let told = |builder: ConfigBuilder| builder.build().unwrap_err().to_string();
    let secret = || "s".repeat(72);
    assert_eq!(
        told(Config::builder()),
        "client_id (KOMERZA_CLIENT_ID), client_secret (KOMERZA_CLIENT_SECRET), redirect_uri (KOMERZA_REDIRECT_URI) and \
         user_agent (KOMERZA_USER_AGENT) are missing"
    );
    assert_eq!(
        told(Config::builder().user_agent("MyApp/1.0").client_id("x")),
        "client_secret (KOMERZA_CLIENT_SECRET) and redirect_uri (KOMERZA_REDIRECT_URI) are missing"
    );
    let almost = Config::builder().client_id("x").client_secret(secret()).redirect_uri("wrong");
    assert_eq!(told(almost), "user_agent (KOMERZA_USER_AGENT) is missing", "also where another setting is wrong");
}

#[test]
fn the_authorize_url_encodes_what_it_carries() {
    let config = good().client_id("a&b=c").build().unwrap();
    assert_eq!(
        config.authorize_url("st-ate_1"),
        "https://dashboard.komerza.com/auth/authorize?client_id=a%26b%3Dc\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fkomerza%2Fcallback&state=st-ate_1"
    );
}

#[test]
fn debug_of_a_configuration_shows_no_secret() {
    assert!(!format!("{:?} {:?}", good(), good().build().unwrap()).contains("obviously"));
}

#[test]
fn a_cookie_key_that_is_too_short_is_refused_by_name() {
    let error = Config::from_lookup(|name| (name == "KOMERZA_COOKIE_KEYS").then(|| "b2J2aW91cw==".into())).unwrap_err();
    assert_eq!(error.to_string(), "cookie_keys (KOMERZA_COOKIE_KEYS) has 7 bytes; at least 32 are needed");
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
