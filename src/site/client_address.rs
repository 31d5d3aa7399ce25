//! Who is charged for an exchange: the app's user, a browser that has connected before, or the client's
//! address.
//!
//! An address that the app's own function returns belongs to one client. The address of the connection may
//! belong to a proxy in front of all clients. A private address is treated as a proxy's. Its exchanges are
//! counted in the part for unknown browsers.

use crate::{guard, redeem::Charged, site::caller::Caller};
use http::request::Parts;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// Reads a client's address, in the app's own way.
pub(crate) type ReadAddress = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

/// The network of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    known: bool,
}

/// The network that a request came from, if it can be told.
pub(crate) fn network(read: Option<&ReadAddress>, parts: &Parts) -> Option<Network> {
    let address = match read {
        Some(read) => guard::caught_now("client address", || read(parts)).flatten()?,
        #[cfg(feature = "axum")]
        None => parts.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()?.0.ip(),
        #[cfg(not(feature = "axum"))]
        None => return None,
    };
    let address = address.to_canonical();
    let known = read.is_some() || is_public(address);
    // A client has one address of version 4, and 64 bits of version 6 to choose from.
    let address = match address {
        IpAddr::V6(v6) => (v6 & Ipv6Addr::from_bits(!0 << 64)).into(),
        v4 => v4,
    };
    Some(Network { address, known })
}

/// Whether a client on the internet can have it. *Source*: IANA's registries of special-purpose addresses, RFC
/// 6890.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared || a == 0)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local())
        }
    }
}

/// Who is charged for the exchange of a caller.
pub(crate) fn charged(caller: Option<&Caller>, network: Option<Network>) -> Charged {
    let party = |kind: &str, id: &[u8], known| {
        let party = Sha256::new().chain_update(kind).chain_update(id).finalize().into();
        Charged { party, known }
    };
    match (caller, network) {
        (Some(Caller::User(user)), _) => party("user\0", user.as_str().as_bytes(), true),
        (Some(Caller::Browser(Some(session))), _) => party("browser\0", &session.lineage, true),
        (_, Some(Network { address, known })) => party("address\0", address.to_string().as_bytes(), known),
        (_, None) => party("unknown\0", b"", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{random::SystemRandomness, site::session::BrowserSession, user::UserId};
    use std::{net::SocketAddr, time::SystemTime};

    fn parts(connection: Option<&str>) -> Parts {
        let mut request = http::Request::new(());
        if let Some(address) = connection {
            let address: SocketAddr = address.parse().unwrap();
            request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        }
        request.into_parts().0
    }

    #[test]
    fn t67_the_user_is_charged_before_the_browser_and_the_browser_before_the_address() {
        let session = || BrowserSession::mint(None, SystemTime::UNIX_EPOCH, &SystemRandomness).unwrap();
        let network = network(None, &parts(Some("203.0.113.7:4000")));
        let user = Caller::User(UserId::new("alice").unwrap());
        assert_eq!(charged(Some(&user), network), charged(Some(&user), None));
        let browser = session();
        let known = Caller::Browser(Some(browser.clone()));
        assert_eq!(charged(Some(&known), network), charged(Some(&known), None));
        assert_ne!(charged(Some(&known), network), charged(Some(&Caller::Browser(Some(session()))), network));
        let new = Caller::Browser(None);
        assert!(charged(Some(&new), network).known && !charged(Some(&new), None).known);
        assert_ne!(charged(Some(&new), network).party, charged(Some(&new), None).party);
    }

    #[test]
    fn t67_an_address_is_one_clients_by_the_apps_word_or_when_it_is_public() {
        for (connection, address, known) in [
            ("203.0.113.7:4000", "203.0.113.7", true),
            ("[::ffff:203.0.113.7]:4000", "203.0.113.7", true),
            ("[2001:db8:1:2:3:4:5:6]:4000", "2001:db8:1:2::", true),
            ("127.0.0.1:4000", "127.0.0.1", false),
            ("[::1]:4000", "::", false),
            ("[::ffff:10.1.2.3]:4000", "10.1.2.3", false),
            ("192.168.0.9:4000", "192.168.0.9", false),
            ("100.64.0.1:4000", "100.64.0.1", false),
            ("[fd00::1]:4000", "fd00::", false),
        ] {
            let found = network(None, &parts(Some(connection))).unwrap();
            assert_eq!(found, Network { address: address.parse().unwrap(), known }, "{connection}");
            let told: &ReadAddress = &|parts| parts.extensions.get::<IpAddr>().copied();
            let mut parts = parts(Some(connection));
            assert_eq!(network(Some(told), &parts), None, "the app does not know");
            parts.extensions.insert(address.parse::<IpAddr>().unwrap());
            assert_eq!(network(Some(told), &parts), Some(Network { known: true, ..found }));
        }
        assert_eq!(network(None, &parts(None)), None);
    }
}
