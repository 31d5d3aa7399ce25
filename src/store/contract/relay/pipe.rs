//! One relayed connection.

use bytes::{Buf, BytesMut};
use std::{future::pending, io, time::Duration};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

/// Bytes that are held back in one direction before the sender has to wait.
const MOST_HELD: usize = 1 << 20;

/// Bytes that are read at a time.
const PIECE: usize = 16 << 10;

/// What a connection is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Pass,
    Hold(Held),
    Close,
    Reset,
}

/// How much of what comes next is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    All,
    Half,
}

/// What travels from one side to the other.
#[derive(Default)]
struct Way {
    waiting: BytesMut,
    /// When the delay of what waits is over.
    due: Option<Instant>,
    /// How many bytes may still pass under `Held::Half`.
    half: Option<usize>,
    ended: bool,
}

impl Way {
    fn may_read(&self) -> bool {
        !self.ended && self.waiting.len() < MOST_HELD
    }

    fn read(&mut self, from: &TcpStream, order: Order, delay: Duration) {
        // What came in one piece goes on in one: PgBouncer refuses a client whose first message comes in two.
        self.waiting.reserve(PIECE);
        match from.try_read_buf(&mut self.waiting) {
            Ok(read) if read > 0 => {
                self.due = self.due.or_else(|| Instant::now().checked_add(delay));
                if order == Order::Hold(Held::Half) {
                    self.half.get_or_insert(self.waiting.len() / 2);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => self.ended = true,
        }
    }

    /// How many of the waiting bytes may pass now.
    fn passing(&self, order: Order) -> usize {
        let allowed = match order {
            Order::Pass => self.waiting.len(),
            _ => self.half.unwrap_or_default().min(self.waiting.len()),
        };
        if self.due.is_some_and(|due| due > Instant::now()) { 0 } else { allowed }
    }

    fn write(&mut self, to: &TcpStream, order: Order) {
        let passing = self.passing(order);
        match to.try_write(self.waiting.get(..passing).unwrap_or_default()) {
            Ok(written) => {
                self.waiting.advance(written);
                self.half = self.half.map(|half| half.saturating_sub(written));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                self.waiting.clear();
                self.ended = true;
            }
        }
        if self.waiting.is_empty() {
            self.due = None;
        }
    }

    /// Whether everything has arrived that was ever sent.
    fn is_over(&self) -> bool {
        self.ended && self.waiting.is_empty()
    }
}

/// What a connection does next.
enum Next {
    Order,
    Wake,
    ReadUp,
    ReadDown,
    WriteUp,
    WriteDown,
}

/// Relays until an order or either side ends it. `open` is dropped once the client has closed.
pub(super) async fn run<Open>(
    client: TcpStream,
    server: TcpStream,
    mut order: Order,
    mut orders: watch::Receiver<Order>,
    delay: watch::Receiver<Duration>,
    open: Open,
) {
    let (mut open, mut up, mut down) = (Some(open), Way::default(), Way::default());
    loop {
        if up.ended {
            drop(open.take());
        }
        match order {
            Order::Close => return,
            Order::Reset => {
                let _ = (client.set_zero_linger(), server.set_zero_linger());
                return;
            }
            Order::Pass if up.is_over() || down.is_over() => return,
            _ => {}
        }
        let delay = *delay.borrow();
        let due = [up.due, down.due].into_iter().flatten().filter(|due| *due > Instant::now()).min();
        let next = tokio::select! {
            _ = orders.changed() => Next::Order,
            () = async { match due { Some(due) => sleep_until(due).await, None => pending().await } } => Next::Wake,
            _ = client.readable(), if up.may_read() => Next::ReadUp,
            _ = server.readable(), if down.may_read() => Next::ReadDown,
            _ = server.writable(), if up.passing(order) > 0 => Next::WriteUp,
            _ = client.writable(), if down.passing(order) > 0 => Next::WriteDown,
        };
        // An order counts for whatever was sent after it, whichever of the two this task hears of first.
        let next = if matches!(orders.has_changed(), Ok(false)) { next } else { Next::Order };
        match next {
            Next::Order => {
                let last = *orders.borrow_and_update();
                let over = orders.has_changed().is_err() && last != Order::Reset;
                order = if over { Order::Close } else { last };
                (up.half, down.half) = (None, None);
            }
            Next::Wake => {}
            Next::ReadUp => up.read(&client, order, delay),
            Next::ReadDown => down.read(&server, order, delay),
            Next::WriteUp => up.write(&server, order),
            Next::WriteDown => down.write(&client, order),
        }
    }
}
