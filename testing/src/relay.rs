//! The relay does what its commands say.

use super::raw_provider::RawProvider;
use super::time::{AGES, PATIENCE, pass};
pub use komerza_connect::store::contract::Relay;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a test checks that nothing happens.
const WHILE: Duration = Duration::from_millis(60);

/// A server that answers every byte with `mark` and the byte.
async fn echo(mark: u8) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                while let Ok(byte) = client.read_u8().await {
                    if client.write_all(&[mark, byte]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// A relay to such a server, and a client that has been answered through it.
async fn relayed() -> (Relay, TcpStream) {
    let relay = Relay::to(echo(b'a').await).await.unwrap();
    let client = connected(&relay).await;
    (relay, client)
}

async fn connected(relay: &Relay) -> TcpStream {
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(said(&mut client, b"h").await, "ah");
    client
}

/// Sends and reads what the server answers.
async fn said(client: &mut TcpStream, bytes: &[u8]) -> String {
    client.write_all(bytes).await.unwrap();
    heard(client, bytes.len() * 2).await
}

async fn heard(client: &mut TcpStream, length: usize) -> String {
    let mut answer = vec![0; length];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.expect("an answer").unwrap();
    String::from_utf8(answer).unwrap()
}

async fn hears_nothing(client: &mut TcpStream) {
    let mut byte = [0];
    assert!(timeout(WHILE, client.read(&mut byte)).await.is_err(), "something came");
}

async fn ending(client: &mut TcpStream) -> std::io::Result<usize> {
    timeout(PATIENCE, client.read(&mut [0])).await.expect("an end")
}

#[tokio::test]
async fn a_relay_passes_bytes_in_both_directions_and_counts_connections() {
    let (relay, mut one) = relayed().await;
    let two = connected(&relay).await;
    assert_eq!(said(&mut one, b"xyz").await, "axayaz");
    assert_eq!((relay.open(), relay.opened()), (2, 2));
    drop(two);
    assert!(relay.settles_at(1, PATIENCE).await);
    assert_eq!(relay.opened(), 2);
}

#[tokio::test]
async fn a_silent_relay_keeps_open_connections_and_relays_new_ones() {
    let (relay, mut old) = relayed().await;
    relay.silence();
    old.write_all(b"x").await.unwrap();
    hears_nothing(&mut old).await;
    let mut new = connected(&relay).await;
    hears_nothing(&mut old).await;

    relay.silence_all();
    let mut newest = TcpStream::connect(relay.address()).await.unwrap();
    for client in [&mut new, &mut newest] {
        client.write_all(b"y").await.unwrap();
        hears_nothing(client).await;
    }
    relay.release();
    assert_eq!(heard(&mut old, 2).await, "ax");
    assert_eq!(heard(&mut new, 2).await, "ay");
    assert_eq!(heard(&mut newest, 2).await, "ay");
    connected(&relay).await;
}

#[tokio::test]
async fn what_was_sent_before_the_client_closed_arrives_when_the_silence_ends() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::to(server.local_addr().unwrap()).await.unwrap();
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    let (mut served, _) = server.accept().await.unwrap();
    relay.silence();
    client.write_all(b"late").await.unwrap();
    drop(client);
    assert!(relay.settles_at(0, PATIENCE).await, "the relay notices that the client is gone");
    relay.release();
    let mut bytes = Vec::new();
    timeout(PATIENCE, served.read_to_end(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(bytes, b"late");
}

#[tokio::test]
async fn a_relay_closes_and_resets_the_open_connections_alone() {
    let (relay, mut client) = relayed().await;
    relay.close();
    assert_eq!(ending(&mut client).await.unwrap(), 0);
    let mut client = connected(&relay).await;
    relay.reset();
    assert_eq!(ending(&mut client).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);

    let mut client = connected(&relay).await;
    relay.reset_all();
    assert!(ending(&mut client).await.is_err());
    let mut refused = TcpStream::connect(relay.address()).await.unwrap();
    assert!(ending(&mut refused).await.is_err());
    relay.release();
    connected(&relay).await;
}

#[tokio::test]
async fn a_relay_passes_half_of_a_message_and_falls_silent() {
    let (relay, mut client) = relayed().await;
    relay.halve();
    // The server hears two of four bytes; of its four bytes two come back.
    client.write_all(b"wxyz").await.unwrap();
    assert_eq!(heard(&mut client, 1).await, "a");
    relay.close();
    assert!(ending(&mut client).await.is_ok_and(|more| more <= 1));
}

#[tokio::test]
async fn a_relay_delays_each_piece() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let relay = Relay::to(server.local_addr().unwrap()).await.unwrap();
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    let (mut served, _) = server.accept().await.unwrap();
    for up in [true, false] {
        let (from, to) = if up { (&mut client, &mut served) } else { (&mut served, &mut client) };
        relay.delay(Duration::ZERO);
        from.write_all(b"x").await.unwrap();
        assert_eq!(to.read_u8().await.unwrap(), b'x');
        relay.delay(AGES);
        from.write_all(b"y").await.unwrap();
        hears_nothing(to).await;
        pass(AGES);
        assert_eq!(to.read_u8().await.unwrap(), b'y');
    }
}

#[tokio::test]
async fn another_server_answers_new_connections_behind_the_same_address() {
    let (relay, mut old) = relayed().await;
    relay.answer_with(echo(b'b').await);
    assert_eq!(said(&mut old, b"x").await, "ax");
    let mut new = TcpStream::connect(relay.address()).await.unwrap();
    assert_eq!(said(&mut new, b"x").await, "bx");
}

#[tokio::test]
async fn a_dropped_relay_closes_its_connections_and_its_port() {
    let (relay, mut client) = relayed().await;
    let address = relay.address();
    drop(relay);
    assert!(ending(&mut client).await.map_or(true, |read| read == 0));
    assert!(TcpStream::connect(address).await.is_err());
    // A server that is away looks like one that closes.
    let nobody = RawProvider::reserved();
    let relay = Relay::to(nobody.address()).await.unwrap();
    let mut client = TcpStream::connect(relay.address()).await.unwrap();
    assert!(ending(&mut client).await.map_or(true, |read| read == 0));
}
