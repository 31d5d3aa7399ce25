//! The forms of an address, and how each is connected to.

use crate::store::StoreError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, TlsMode, Value,
    cluster::ClusterClient, cluster_async::ClusterConnection,
};
use std::time::Duration;

/// How long one attempt to connect may take. *Source*: our choice.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// How long sent bytes may stay unacknowledged before the system gives a connection up. *Source*: our choice;
/// the store itself stops using a silent connection earlier.
const USER_TIMEOUT: Duration = Duration::from_secs(5);

/// When an idle connection is probed for the first time, and then again.
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(5));

const SENTINEL_PORT: &str = "26379";

const FORMS: &str = "a Redis address is redis://[[user]:password@]host[:port][/database], rediss:// for TLS, \
                     unix:///path, redis-cluster://host[:port][,host[:port]…] or \
                     redis-sentinel://host[:port][,host[:port]…]/service[/database]";

/// An address that was understood.
pub(super) struct Address {
    /// The part of the address that errors may show. It never has the password.
    pub(super) place: String,
    server: Server,
}

/// A connection, to one server or to a cluster. Clones share it; it closes with the last of them.
#[derive(Clone)]
pub(super) enum Wire {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// How to find the server.
enum Server {
    Alone(Client),
    Sentinel { sentinels: Vec<ConnectionInfo>, service: String, server: SentinelNodeConnectionInfo },
    Cluster(Box<ClusterClient>),
}

fn misconfigured() -> StoreError {
    StoreError::misconfigured(FORMS)
}

pub(super) fn parse(url: &str) -> Result<Address, StoreError> {
    let (scheme, rest) = url.split_once(':').ok_or_else(misconfigured)?;
    let tls = scheme.starts_with("rediss");
    if tls && cfg!(all(feature = "rustls", feature = "native-tls")) {
        // If both features are on, the driver trusts no certificate.
        return Err(StoreError::misconfigured(
            "rediss:// works only with one of the features \"rustls\" and \"native-tls\" of komerza-connect: switch one off",
        ));
    }
    let rest = rest.strip_prefix("//").unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let server = match scheme {
        "redis-cluster" | "rediss-cluster" => cluster(tls, user, hosts).filter(|_| path.is_empty()),
        "redis-sentinel" | "rediss-sentinel" => sentinel(tls, user, hosts, path),
        _ => return of_client(Client::open(url).map_err(|_| misconfigured())?),
    };
    Ok(Address { server: server.ok_or_else(misconfigured)?, place: format!("{scheme}://{hosts}") })
}

/// The address of a client, which may be the app's own.
pub(super) fn of_client(client: Client) -> Result<Address, StoreError> {
    let told = client.get_connection_info();
    let scheme = match told.addr() {
        ConnectionAddr::TcpTls { .. } => "rediss://",
        ConnectionAddr::Unix(_) => "unix:",
        _ => "redis://",
    };
    let client = Client::open(told.clone().set_tcp_settings(tcp())).map_err(|_| misconfigured())?;
    Ok(Address { place: format!("{scheme}{}", told.addr()), server: Server::Alone(client) })
}

fn tcp() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE.0).with_interval(KEEPALIVE.1);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let settings = settings.set_user_timeout(USER_TIMEOUT);
    settings
}

/// One host of a list, read as an address of its own.
fn node(tls: bool, user: &str, host: &str, database: &str) -> Option<ConnectionInfo> {
    let scheme = if tls { "rediss" } else { "redis" };
    let at = if user.is_empty() { "" } else { "@" };
    let node = format!("{scheme}://{user}{at}{host}/{database}").into_connection_info().ok()?;
    Some(node.set_tcp_settings(tcp()))
}

fn cluster(tls: bool, user: &str, hosts: &str) -> Option<Server> {
    let nodes = hosts.split(',').map(|host| node(tls, user, host, "")).collect::<Option<Vec<_>>>()?;
    let client = ClusterClient::builder(nodes)
        .tcp_settings(tcp())
        .connection_timeout(CONNECT_LIMIT)
        .response_timeout(CONNECT_LIMIT)
        // Each call has its own limit; this one only ends what nobody waits for any more.
        .overall_response_timeout(Some(CONNECT_LIMIT.saturating_mul(3)))
        .retries(3)
        .max_retry_wait(200)
        .min_retry_wait(20);
    Some(Server::Cluster(Box::new(client.build().ok()?)))
}

fn sentinel(tls: bool, user: &str, hosts: &str, path: &str) -> Option<Server> {
    // The address has the password of the Redis servers. If the Sentinels have a password too, the query has
    // it.
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (service, database) = path.split_once('/').unwrap_or((path, ""));
    if service.is_empty() {
        return None;
    }
    let asked = |wanted| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let value = pairs.find_map(|(name, value)| (name == wanted).then_some(value)).unwrap_or_default();
        utf8_percent_encode(&value, NON_ALPHANUMERIC).to_string()
    };
    let sentinel_user = format!("{}:{}", asked("sentinel_user"), asked("sentinel_password"));
    let sentinels = hosts.split(',').map(|host| {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let host = if has_port { host.to_owned() } else { format!("{host}:{SENTINEL_PORT}") };
        node(tls, &sentinel_user, &host, "")
    });
    let sentinels = sentinels.collect::<Option<Vec<_>>>()?;
    let told = node(tls, user, "server", database)?.redis_settings().clone();
    let mut server = SentinelNodeConnectionInfo::default().set_redis_connection_info(told).set_tcp_settings(tcp());
    if tls {
        server = server.set_tls_mode(TlsMode::Secure);
    }
    Some(Server::Sentinel { sentinels, service: service.to_owned(), server })
}

impl Address {
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.server, Server::Cluster(_))
    }

    /// Connects anew, to whichever server the address names now.
    pub(super) async fn connect(&self) -> Result<Wire, RedisError> {
        let client = match &self.server {
            Server::Alone(client) => client,
            Server::Sentinel { sentinels, service, server } => {
                let (sentinels, service, server) = (sentinels.clone(), service.clone(), Some(server.clone()));
                let mut client = SentinelClient::build(sentinels, service, server, SentinelServerType::Master)?;
                &client.async_get_client().await?
            }
            Server::Cluster(client) => return client.get_async_connection().await.map(Wire::Cluster),
        };
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_LIMIT)).set_response_timeout(None);
        client.get_multiplexed_async_connection_with_config(&config).await.map(Wire::One)
    }
}

impl Wire {
    /// Sends a command to the primary that has `slot`, or else to the one that has the command's key. A
    /// server that stands for itself has every slot.
    pub(super) async fn send(&mut self, command: &Cmd, slot: Option<u16>) -> Result<Value, RedisError> {
        match (self, slot) {
            (Self::One(wire), _) => wire.send_packed_command(command).await,
            (Self::Cluster(wire), None) => wire.req_packed_command(command).await,
            (Self::Cluster(wire), Some(slot)) => {
                let node = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                Box::pin(wire.route_command(command.clone(), RoutingInfo::SingleNode(node))).await
            }
        }?
        .extract_error()
    }
}

/// rustls panics if the app's crates contain two crypto providers and none was chosen. So this function
/// chooses the one that this crate brings, unless one was chosen before.
pub(super) fn choose_tls_provider() {
    #[cfg(feature = "rustls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // This fails if another thread was faster. Then a provider is chosen already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> Option<String> {
        parse(url).ok().map(|parsed| parsed.place)
    }

    #[test]
    fn each_form_of_an_address_is_understood_and_its_password_is_not_repeated() {
        for (url, said) in [
            ("redis://cache.example", "redis://cache.example:6379"),
            ("redis://app:obviously-fake@cache.example:7000/2", "redis://cache.example:7000"),
            ("unix:///run/redis.sock", "unix:/run/redis.sock"),
            ("redis-cluster://a,b:7001,[::1]:7002", "redis-cluster://a,b:7001,[::1]:7002"),
            ("redis-cluster://app:obviously-fake%40@a,b", "redis-cluster://a,b"),
            ("redis-sentinel://:obviously-fake@a,b:26380/shop", "redis-sentinel://a,b:26380"),
            ("redis-sentinel://a/shop/3?sentinel_password=obviously-fake", "redis-sentinel://a"),
            ("redis-sentinel://a/shop?sentinel_password=obviously/fake", "redis-sentinel://a"),
        ] {
            assert_eq!(place(url).as_deref(), Some(said), "{url}");
        }
        assert_eq!(place("rediss://cache.example").is_some(), cfg!(any(feature = "rustls", feature = "native-tls")));
    }

    #[test]
    fn what_is_no_address_is_refused_and_the_forms_are_told() {
        for url in [
            "redis",
            "redis://",
            "redis://host:port",
            "redis://host/database",
            "redis-cluster://",
            "redis-cluster://a/1",
            "redis-cluster:a",
            "redis-sentinel://a",
            "redis-sentinel://a/",
            "redis-sentinel://a/?sentinel_password=obviously-fake",
            "redis-sentinel://a/shop/x",
            "redis-sentinel:///shop",
        ] {
            let error = parse(url).err().unwrap();
            assert!(crate::telemetry::log::chain(&error).to_string().contains("redis-sentinel://host"), "{url}");
        }
    }

    #[test]
    fn sentinels_have_their_own_port_user_and_password() {
        let url = "redis-sentinel://app:obviously-fake@a,b:1/shop/3?sentinel_user=watch&sentinel_password=also%20fake";
        let Server::Sentinel { sentinels, service, .. } = parse(url).ok().unwrap().server else {
            panic!("another address")
        };
        assert_eq!(service, "shop");
        let told: Vec<_> = sentinels.iter().map(|sentinel| sentinel.addr().to_string()).collect();
        assert_eq!(told, ["a:26379", "b:1"]);
        let told = sentinels[0].redis_settings();
        assert_eq!((told.username(), told.password()), (Some("watch"), Some("also fake")));
        let Server::Sentinel { sentinels, .. } = parse("redis-sentinel://:fake@a/shop").ok().unwrap().server else {
            panic!("another address")
        };
        let told = sentinels[0].redis_settings();
        assert_eq!((told.username(), told.password()), (None, None));
    }
}
