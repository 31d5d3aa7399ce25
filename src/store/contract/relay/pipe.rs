//! One relayed connection.

use bytes::{Buf, BytesMut};
use std::{future::pending, io, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio::{net::TcpStream, sync::watch};

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
    /// Nothing for so many turns; then all.
    After(usize),
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

    /// Whether there was something to read.
    fn read(&mut self, from: &TcpStream, order: Order, delay: Duration) -> bool {
        // What came in one piece goes on in one: PgBouncer refuses a client whose first message comes in two.
        self.waiting.reserve(PIECE);
        match from.try_read_buf(&mut self.waiting) {
            Ok(read) if read > 0 => {
                self.due = self.due.or_else(|| Instant::now().checked_add(delay));
                if order == Order::Hold(Held::Half) {
                    self.half.get_or_insert(self.waiting.len() / 2);
                }
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => self.ended = true,
        }
        false
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

/// The turns of one connection: whatever the client sends between two answers is one.
#[derive(Default)]
struct Turns {
    begun: usize,
    answered: bool,
}

impl Turns {
    /// Whether what the client sent just now begins a turn.
    fn sent(&mut self) -> bool {
        let begins = self.begun == 0 || self.answered;
        self.begun = self.begun.saturating_add(usize::from(begins));
        self.answered = false;
        begins
    }

    /// What an order means at this turn.
    fn now(&self, order: Order) -> Order {
        match order {
            Order::Hold(Held::After(turns)) if self.begun <= turns => Order::Pass,
            Order::Hold(Held::After(_)) => Order::Hold(Held::All),
            order => order,
        }
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

/// Relays until an order or either side ends it. `open` is dropped once the client has closed; `turn` is
/// called as each turn begins.
pub(super) async fn run<Open>(
    client: TcpStream,
    server: TcpStream,
    mut ordered: Order,
    mut orders: watch::Receiver<Order>,
    delay: watch::Receiver<Duration>,
    open: Open,
    turn: impl Fn(),
) {
    let (mut open, mut up, mut down) = (Some(open), Way::default(), Way::default());
    let mut turns = Turns::default();
    loop {
        let order = turns.now(ordered);
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
        let due = [up.due, down.due].into_iter().flatten().filter(|due| *due > Instant::now()).min();
        let next = tokio::select! {
            _ = orders.changed() => Next::Order,
            () = async { match due { Some(due) => sleep_until(due).await, None => pending().await } } => Next::Wake,
            _ = client.readable(), if up.may_read() => Next::ReadUp,
            _ = server.readable(), if down.may_read() => Next::ReadDown,
            _ = server.writable(), if up.passing(order) > 0 => Next::WriteUp,
            _ = client.writable(), if down.passing(order) > 0 => Next::WriteDown,
        };
        // An order applies to everything that was sent after it, even if this task notices the bytes first.
        let next = if matches!(orders.has_changed(), Ok(false)) { next } else { Next::Order };
        match next {
            Next::Order => {
                let last = *orders.borrow_and_update();
                let over = orders.has_changed().is_err() && last != Order::Reset;
                ordered = if over { Order::Close } else { last };
                (up.half, down.half, turns) = (None, None, Turns::default());
            }
            Next::Wake => {}
            Next::ReadUp => {
                if up.read(&client, order, *delay.borrow()) && turns.sent() {
                    turn();
                }
            }
            Next::ReadDown => turns.answered |= down.read(&server, order, *delay.borrow()),
            Next::WriteUp => up.write(&server, order),
            Next::WriteDown => down.write(&client, order),
        }
    }
}
