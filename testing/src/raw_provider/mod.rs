//! A provider on loopback that speaks raw bytes, so that it can also say what no HTTP library would let it say.
//!
//! Each connection is read by the byte and logged as it came; each answer is a [`Reply`] taken from the script. The
//! order in which the script is asked is that of [`Script::answer_for`]. If nothing is scripted, an exchange
//! succeeds with [`key_for_code`], and anything else is a 404 in the provider's envelope.

mod reply;
mod script;
mod tests;
mod wire;

pub use self::reply::{Gate, Reply};
use self::script::Script;
pub use self::wire::LoggedRequest;
use self::wire::Read;
use super::time::PATIENCE;
use bytes::{Bytes, BytesMut};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::{sync::watch, time::timeout};

const KEPT_IN_KEYS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The key that an unscripted exchange of `code` gives: visible ASCII, and different for different codes.
pub fn key_for_code(code: impl AsRef<[u8]>) -> String {
    format!("obviously-fake-key-for-{}", percent_encode(code.as_ref(), KEPT_IN_KEYS))
}

/// A fake provider; stops, with every connection, when it is dropped.
pub struct RawProvider {
    address: SocketAddr,
    shared: Arc<Shared>,
    port: Mutex<Port>,
}

enum Port {
    /// Bound, so that nobody else gets it, but not listening: the system refuses every connect.
    Reserved(TcpSocket),
    Listening(JoinHandle<()>),
    Closed,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<LoggedRequest>>,
    unfinished: Mutex<Vec<Bytes>>,
    /// Number of requests read so far; a channel, so that tests can wait for the next one.
    seen: watch::Sender<usize>,
    /// Number of clients that went away while an answer was held back or half sent.
    abandoned: watch::Sender<usize>,
    connections: AtomicUsize,
    bytes_written: AtomicU64,
}

impl RawProvider {
    /// A provider that listens on a port of its own.
    pub async fn start() -> Self {
        let provider = Self::reserved();
        provider.listen();
        provider
    }

    /// A provider whose port is its own but refuses every TCP connect until [`listen`](Self::listen).
    pub fn reserved() -> Self {
        super::canary::install();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        Self { address, shared: Arc::default(), port: Mutex::new(Port::Reserved(socket)) }
    }

    /// Ends the refusing of a [`reserved`](Self::reserved) provider. Does nothing on one that listens already.
    pub fn listen(&self) {
        let mut port = self.port.lock().unwrap();
        *port = match std::mem::replace(&mut *port, Port::Closed) {
            Port::Reserved(socket) => {
                let listener = socket.listen(1024).unwrap();
                Port::Listening(tokio::spawn(accept(listener, Arc::clone(&self.shared))))
            }
            already => already,
        };
    }

    /// Stops at once, and returns when the port refuses and no connection is open.
    pub async fn stop(&self) {
        let port = std::mem::replace(&mut *self.port.lock().unwrap(), Port::Closed);
        if let Port::Listening(task) = port {
            task.abort();
            let _ended = task.await;
        }
    }

    /// `http://127.0.0.1:PORT`, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next request, whatever it asks for, gets this answer; more calls queue up.
    pub fn next(&self, reply: Reply) {
        self.script().next.push_back(reply);
    }

    /// Every exchange of this code (as it was before any encoding) gets this answer.
    pub fn on_code(&self, code: &str, reply: Reply) {
        self.script().codes.insert(code.as_bytes().to_vec(), reply);
    }

    /// The next exchange of this code gets this answer; more calls queue up.
    pub fn on_code_once(&self, code: &str, reply: Reply) {
        self.script().codes_once.entry(code.as_bytes().to_vec()).or_default().push_back(reply);
    }

    /// Every request for this path, written as on the wire and without query, gets this answer.
    pub fn on_path(&self, path: &str, reply: Reply) {
        self.script().paths.insert(path.to_owned(), reply);
    }

    /// The next request for this path gets this answer; more calls queue up.
    pub fn on_path_once(&self, path: &str, reply: Reply) {
        self.script().paths_once.entry(path.to_owned()).or_default().push_back(reply);
    }

    /// Every request for which nothing narrower is scripted gets this answer.
    pub fn always(&self, reply: Reply) {
        self.script().always = Some(reply);
    }

    /// The next `n` connections are accepted and closed before a byte is read.
    pub fn close_next_connections_unread(&self, n: usize) {
        self.script().close_unread += n;
    }

    /// Every whole request, in order of arrival: the log `P` of the threat model.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests that tried to exchange a code.
    pub fn exchanges(&self) -> Vec<LoggedRequest> {
        self.requests().into_iter().filter(|request| request.code().is_some()).collect()
    }

    /// What came on connections that ended in the middle of a request.
    pub fn unfinished(&self) -> Vec<Bytes> {
        self.shared.unfinished.lock().unwrap().clone()
    }

    /// Number of connections accepted so far, also those without a request.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Number of bytes of answers that the system took so far. Its own buffers hold some of them (a few MiB on loopback).
    pub fn bytes_written(&self) -> u64 {
        self.shared.bytes_written.load(Ordering::SeqCst)
    }

    /// Returns once `n` requests in all were read, whether or not they were answered.
    pub async fn wait_for_requests(&self, n: usize) {
        let mut seen = self.shared.seen.subscribe();
        timeout(PATIENCE, seen.wait_for(|seen| *seen >= n))
            .await
            .unwrap_or_else(|_| panic!("waited for {n} requests at the provider, saw {}", self.requests().len()))
            .unwrap();
    }

    /// Returns once `n` clients in all went away without the whole of their answer.
    pub async fn wait_for_abandoned(&self, n: usize) {
        let mut abandoned = self.shared.abandoned.subscribe();
        timeout(PATIENCE, abandoned.wait_for(|abandoned| *abandoned >= n))
            .await
            .unwrap_or_else(|_| panic!("waited for {n} clients to go away"))
            .unwrap();
    }

    /// Number of tasks and provider values that are alive. When no task runs, it is 1 for the provider
    /// itself.
    fn alive(&self) -> usize {
        Arc::strong_count(&self.shared)
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap()
    }
}

impl Drop for RawProvider {
    fn drop(&mut self) {
        if let Ok(Port::Listening(task)) = self.port.get_mut() {
            // The connections live in a `JoinSet` of this task and are aborted with it.
            task.abort();
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                connections.spawn(converse(stream, number, Arc::clone(&shared)));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Reads and answers the requests of one connection, until either side ends it.
async fn converse(mut stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    if shared.script.lock().unwrap().closes_unread() {
        return;
    }
    let mut buffer = BytesMut::new();
    loop {
        let request = match wire::read_request(&mut stream, &mut buffer, connection).await {
            Read::Request(request) => request,
            Read::Ended(rest) => {
                if !rest.is_empty() {
                    shared.unfinished.lock().unwrap().push(rest);
                }
                return;
            }
        };
        shared.requests.lock().unwrap().push(request.clone());
        shared.seen.send_modify(|seen| *seen += 1);
        let reply = shared.script.lock().unwrap().answer_for(&request);
        match reply.deliver(&mut stream, &shared.bytes_written).await {
            reply::Delivered::KeepAlive => {}
            reply::Delivered::Done => return,
            reply::Delivered::Abandoned => {
                shared.abandoned.send_modify(|abandoned| *abandoned += 1);
                return;
            }
        }
    }
}
