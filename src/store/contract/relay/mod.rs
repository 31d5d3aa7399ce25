//! A TCP relay that behaves like a bad network when a test tells it to.

mod pipe;

use pipe::{Held, Order};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Relays TCP connections to a server, and disturbs them on command.
///
/// Connect a client to [`address`](Self::address) in place of the server. Bytes pass unchanged, so
/// every protocol works, TLS included. Dropping the relay closes all its connections.
///
/// ```
/// use komerza_connect::store::contract::Relay;
/// use std::time::Duration;
/// use tokio::{io::{AsyncReadExt, AsyncWriteExt}, net::{TcpListener, TcpStream}, time::timeout};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let server = TcpListener::bind("127.0.0.1:0").await?;
/// let relay = Relay::to(server.local_addr()?).await?;
/// let mut client = TcpStream::connect(relay.address()).await?;
/// let (mut served, _) = server.accept().await?;
///
/// relay.silence();
/// client.write_all(b"late").await?;
/// let mut bytes = [0; 4];
/// assert!(timeout(Duration::from_millis(50), served.read_exact(&mut bytes)).await.is_err());
///
/// relay.release();
/// served.read_exact(&mut bytes).await?;
/// assert_eq!(&bytes, b"late");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: Mutex<SocketAddr>,
    orders: Mutex<Orders>,
    delay: watch::Sender<Duration>,
    open: watch::Sender<usize>,
    opened: AtomicUsize,
    turns: AtomicUsize,
}

/// What the open connections and the next ones are told.
#[derive(Debug)]
struct Orders {
    open: watch::Sender<Order>,
    /// What a new connection begins with.
    new: Order,
}

impl Relay {
    /// Listens on a loopback port of its own and relays every connection to `server`.
    ///
    /// # Errors
    /// The error of the operating system if no port can be bound.
    pub async fn to(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: Mutex::new(server),
            orders: Mutex::new(Orders { open: watch::Sender::new(Order::Pass), new: Order::Pass }),
            delay: watch::Sender::new(Duration::ZERO),
            open: watch::Sender::new(0),
            opened: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
        });
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, listening })
    }

    /// The address that a client connects to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::Relaxed)
    }

    /// How many connections the client has not closed yet.
    #[must_use]
    pub fn open(&self) -> usize {
        *self.shared.open.borrow()
    }

    /// Waits until at most `most` connections are open. Returns `false` if there are still more after
    /// `limit`.
    pub async fn settles_at(&self, most: usize, limit: Duration) -> bool {
        let mut open = self.shared.open.subscribe();
        tokio::time::timeout(limit, open.wait_for(|open| *open <= most)).await.is_ok_and(|open| open.is_ok())
    }

    /// Keeps the open connections but passes nothing on, in either direction. New ones are relayed.
    ///
    /// The relay keeps what either side sends meanwhile until [`release`](Self::release), even if the sender
    /// closes the connection.
    pub fn silence(&self) {
        self.order(Order::Hold(Held::All), Order::Pass);
    }

    /// Same as [`silence`](Self::silence), and the next connections are accepted and stay silent too.
    pub fn silence_all(&self) {
        self.order(Order::Hold(Held::All), Order::Hold(Held::All));
    }

    /// Lets each connection, open or new, have so many turns more, then passes nothing on, in either
    /// direction. A turn is whatever the client sends between two answers.
    pub(super) fn silence_after(&self, turns: usize) {
        self.order(Order::Hold(Held::After(turns)), Order::Hold(Held::After(turns)));
    }

    /// How many turns there were so far, on all connections.
    pub(super) fn turns(&self) -> usize {
        self.shared.turns.load(Ordering::Relaxed)
    }

    /// Passes half of the next bytes that either side sends, then falls silent.
    pub fn halve(&self) {
        self.order(Order::Hold(Held::Half), Order::Pass);
    }

    /// Relays again. The relay passes on what it kept, and relays new connections.
    pub fn release(&self) {
        self.order(Order::Pass, Order::Pass);
    }

    /// Closes the open connections normally, on both sides.
    pub fn close(&self) {
        self.end(Order::Close);
    }

    /// Resets the open connections, on both sides.
    pub fn reset(&self) {
        self.end(Order::Reset);
    }

    /// Resets the open connections, and each new one as soon as it is accepted.
    pub fn reset_all(&self) {
        self.orders().new = Order::Reset;
        self.reset();
    }

    /// Delays everything that either side sends by this time. Zero: no delay.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay.send_replace(delay);
    }

    /// Relays new connections to another server. Open ones keep theirs.
    pub fn answer_with(&self, server: SocketAddr) {
        *self.shared.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    fn order(&self, open: Order, new: Order) {
        let mut orders = self.orders();
        orders.open.send_replace(open);
        orders.new = new;
    }

    /// Later connections do not hear an order that ended the earlier ones.
    fn end(&self, order: Order) {
        let mut orders = self.orders();
        orders.open.send_replace(order);
        orders.open = watch::Sender::new(Order::Pass);
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.shared.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // The set is dropped when this task ends. That ends every connection.
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        shared.opened.fetch_add(1, Ordering::Relaxed);
        shared.open.send_modify(|open| *open += 1);
        let (begin, heard) = {
            let orders = shared.orders.lock().unwrap_or_else(PoisonError::into_inner);
            (orders.new, orders.open.subscribe())
        };
        connections.spawn(relay(client, begin, heard, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, counted as open until its client has closed it.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn relay(client: TcpStream, begin: Order, heard: watch::Receiver<Order>, shared: Arc<Shared>) {
    let open = Counted(Arc::clone(&shared));
    if begin == Order::Reset {
        let _ = client.set_zero_linger();
        return;
    }
    let server = *shared.server.lock().unwrap_or_else(PoisonError::into_inner);
    // A server that is away looks to the client like one that closes at once.
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let turn = || {
        shared.turns.fetch_add(1, Ordering::Relaxed);
    };
    pipe::run(client, server, begin, heard, shared.delay.subscribe(), open, turn).await;
}
