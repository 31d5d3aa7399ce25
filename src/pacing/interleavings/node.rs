//! A node that shares a bucket with others.

use super::super::{BucketId, SharedBuckets, Taken};
use crate::time::{Clock, ManualClock};
use crate::{config::Bucket, pacing::bucket::TokenBucket};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the shared bucket answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Well,
    /// It gives tokens and cannot be told of a refusal.
    Takes,
    WithErrors,
    Never,
}

/// The bucket that all nodes share.
pub(super) struct Shared {
    pub(super) limit: Bucket,
    bucket: Mutex<TokenBucket>,
    /// Tokens in all.
    pub(super) given: AtomicU32,
}

impl Shared {
    pub(super) fn new(limit: Bucket) -> Arc<Self> {
        Arc::new(Self { limit, bucket: Mutex::new(TokenBucket::full(limit, Duration::ZERO)), given: AtomicU32::new(0) })
    }
}

/// The way from one node to the shared bucket. A call takes time on it or, if the way is zero, only lets
/// other threads run.
pub(super) struct Node {
    pub(super) shared: Arc<Shared>,
    pub(super) clock: ManualClock,
    pub(super) answers: Answers,
    pub(super) way: Duration,
    pub(super) asking: AtomicUsize,
}

impl Node {
    async fn travel(&self) {
        if self.way.is_zero() { shuttle::future::yield_now().await } else { self.clock.sleep(self.way).await }
    }
}

struct Question<'a>(&'a AtomicUsize);

impl<'a> Question<'a> {
    fn begin(asking: &'a AtomicUsize) -> Self {
        assert_eq!(asking.fetch_add(1, SeqCst), 0, "two callers of one node ask at once");
        Self(asking)
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[async_trait::async_trait]
impl SharedBuckets for Node {
    async fn take(
        &self,
        _: &BucketId,
        _: Bucket,
        wanted: u32,
    ) -> Result<Taken, Box<dyn std::error::Error + Send + Sync>> {
        let _question = Question::begin(&self.asking);
        self.travel().await;
        match self.answers {
            Answers::Well | Answers::Takes => {}
            Answers::WithErrors => return Err("no answer in time".into()),
            Answers::Never => std::future::pending().await,
        }
        let taken = {
            let (mut bucket, now) = (self.shared.bucket.lock().unwrap(), self.clock.elapsed());
            let granted = (0..wanted).take_while(|_| bucket.take(now).is_ok()).count() as u32;
            self.shared.given.fetch_add(granted, SeqCst);
            Taken { granted, wait: bucket.wait_for(1, now) }
        };
        self.travel().await;
        Ok(taken)
    }

    async fn empty(
        &self,
        _: &BucketId,
        _: Bucket,
        wait: Duration,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.travel().await;
        match self.answers {
            Answers::Well => self.shared.bucket.lock().unwrap().empty(wait, self.clock.elapsed()),
            Answers::Takes | Answers::WithErrors => return Err("no answer in time".into()),
            Answers::Never => std::future::pending().await,
        }
        Ok(())
    }
}
