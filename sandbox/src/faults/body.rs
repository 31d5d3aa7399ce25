//! Bodies that go wrong on the wire.

use std::task::{Context, Poll, ready};
use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::hang_up::HangUp;
use komerza_connect::time::Clock;

/// A body that ends before its declared length, never, or very slowly.
pub(super) enum FaultyBody {
    /// Sends `first`, lets it reach the wire, and breaks off.
    Truncated {
        first: Bytes,
        paused: bool,
    },
    Endless(Bytes),
    Trickle(Trickle),
}

pub(super) struct Trickle {
    rest: Bytes,
    interval: Duration,
    clock: Arc<dyn Clock>,
    wait: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl FaultyBody {
    pub(super) fn truncated(whole: &Bytes) -> Self {
        let half = whole.len().checked_div(2).unwrap_or_default();
        Self::Truncated { first: whole.slice(..half), paused: false }
    }

    pub(super) fn trickle(rest: Bytes, interval: Duration, clock: Arc<dyn Clock>) -> Self {
        let wait = clock.sleep(interval);
        Self::Trickle(Trickle { rest, interval, clock, wait })
    }
}

impl fmt::Debug for FaultyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated { .. } => "Truncated",
            Self::Endless(_) => "Endless",
            Self::Trickle(_) => "Trickle",
        })
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = HangUp;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HangUp>>> {
        match self.get_mut() {
            Self::Truncated { first, .. } if !first.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(first)))))
            }
            Self::Truncated { paused, .. } if !*paused => {
                // hyper writes out what it has when a body pauses, and drops it when a body fails.
                *paused = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Truncated { .. } => Poll::Ready(Some(Err(HangUp))),
            Self::Endless(piece) => Poll::Ready(Some(Ok(Frame::data(piece.clone())))),
            Self::Trickle(trickle) => {
                if trickle.rest.is_empty() {
                    return Poll::Ready(None);
                }
                ready!(trickle.wait.as_mut().poll(cx));
                trickle.wait = trickle.clock.sleep(trickle.interval);
                let byte = trickle.rest.slice(..1);
                trickle.rest.advance(1);
                Poll::Ready(Some(Ok(Frame::data(byte))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Trickle(trickle) if trickle.rest.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Trickle(trickle) => SizeHint::with_exact(u64::try_from(trickle.rest.len()).unwrap_or(u64::MAX)),
            _ => SizeHint::default(),
        }
    }
}
