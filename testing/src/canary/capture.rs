//! Everything the process says, in one bounded buffer.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::{collections::VecDeque, io};
use tracing_subscriber::{fmt::format::FmtSpan, util::SubscriberInitExt};

/// Bytes kept. Enough for the longest test at trace level while other tests run. A search for bytes that are
/// gone panics.
const CAPACITY: usize = 128 * 1024 * 1024;

static SAID: Mutex<Buffer> = Mutex::new(Buffer::new(CAPACITY));

/// The last bytes of a stream, up to a limit, and how many came before them.
pub struct Buffer {
    pieces: VecDeque<String>,
    kept: usize,
    /// Bytes before the oldest one kept.
    gone: u64,
    capacity: usize,
}

impl Buffer {
    pub const fn new(capacity: usize) -> Self {
        Self { pieces: VecDeque::new(), kept: 0, gone: 0, capacity }
    }

    pub fn push(&mut self, piece: String) {
        self.kept += piece.len();
        self.pieces.push_back(piece);
        while self.kept > self.capacity {
            let Some(oldest) = self.pieces.pop_front() else { break };
            self.kept -= oldest.len();
            self.gone += oldest.len() as u64;
        }
    }

    pub fn position(&self) -> u64 {
        self.gone + self.kept as u64
    }

    /// Panics when some of it is gone: a search that skips text would prove nothing.
    pub fn since(&self, position: u64) -> String {
        assert!(self.gone <= position, "{} bytes of output are gone unsearched", self.gone - position);
        let mut before = position - self.gone;
        let mut text = String::new();
        for piece in &self.pieces {
            if before >= piece.len() as u64 {
                before -= piece.len() as u64;
            } else {
                text.push_str(piece);
            }
        }
        text
    }
}

fn said() -> MutexGuard<'static, Buffer> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From the first call on, all output of the process is captured. Panics when another subscriber was there before.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Writer)
            .finish()
            .try_init()
            .expect("the first and only subscriber of the test binary");
        log::set_logger(&Records).expect("the first and only logger of the test binary");
        log::set_max_level(log::LevelFilter::Trace);
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            capture("panic", &panic.to_string());
            report(panic);
        }));
    });
}

/// What each event begins with: the name of its thread, which is that of the test in most.
pub fn of_this_thread() -> String {
    format!("[{}] ", std::thread::current().name().unwrap_or_default())
}

/// Adds a text to what was said: a page, an error.
pub fn capture(place: &str, text: &str) {
    said().push(format!("{place}: {text}\n"));
}

pub fn position() -> u64 {
    said().position()
}

pub fn since(position: u64) -> String {
    said().since(position)
}

/// What crates say through `log` and not through `tracing`, such as reqwest.
struct Records;

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        capture(record.target(), &record.args().to_string());
    }

    fn flush(&self) {}
}

struct Writer;

impl io::Write for Writer {
    /// The formatter hands over one whole event at a time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        said().push(format!("{}{}", of_this_thread(), String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
