//! Buckets that the nodes of an app share in Redis.

use super::{BucketId, SharedBuckets, Taken};
use crate::config::Bucket;
use crate::store::{RedisStore, StoreError};
use std::{error::Error, sync::Arc, time::Duration};

/// The longest time for which a bucket is believed to be closed.
const LONGEST_REFUSAL: Duration = Duration::from_secs(600);

/// Takes tokens, or notes a refusal, by Redis' own clock and in one step.
///
/// The rule is that of `bucket.rs`. The value holds the time before which the bucket is closed, then the due
/// times of the last requests, in microseconds; it expires when the bucket is full again. A value
/// further in the future than any refusal asks for was written before the clock was set back. It is forgotten.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local capacity, batch, period = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slack, wanted, refused, longest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local closed, due, first = 0, {}, true
for number in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^,]+') do
  if first then closed, first = tonumber(number), false else due[#due + 1] = tonumber(number) end
end
local last_due = now + period * (math.ceil(capacity / math.max(batch, 1)) + 1)
if closed > now + longest or (batch > 0 and (due[#due] or 0) > last_due + longest) then closed, due = 0, {} end
if refused >= 0 and now + refused > closed then
  closed = now + refused
  local emptied = {}
  for at = 1, capacity do
    local told = closed - period - slack + period * math.floor((at - 1) / math.max(batch, 1))
    emptied[at] = math.max(told, due[#due - capacity + at] or told)
  end
  due = emptied
end
local granted, from = 0, closed
while true do
  from = closed
  if #due >= capacity then from = math.max(from, due[1] + period + slack) end
  if granted >= wanted or from > now then break end
  local earlier = due[#due - batch + 1]
  local last = now
  if batch == 0 then last = 9000000000000000 elseif earlier then last = math.max(now, earlier + period) end
  if #due >= capacity then table.remove(due, 1) end
  due[#due + 1] = last
  granted = granted + 1
end
local full, text = closed, string.format('%.0f', closed)
for _, each in ipairs(due) do
  full = math.max(full, each + period + slack)
  text = text .. ',' .. string.format('%.0f', each)
end
redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', math.min(math.ceil((full - now) / 1000) + 1, 1000000000000)))
return { granted, math.max(from - now, 0) }
";

/// Buckets in Redis that the nodes of an app share.
///
/// Each API key in use has one Redis key, all exchanges have one, and the exchanges of unknown browsers have
/// one. A Redis key expires when its bucket is full again, usually seconds after the last call.
///
/// ```no_run
/// use komerza_connect::{pacing::RedisBuckets, store::RedisStore, Config, KomerzaConnectLayer};
///
/// # async fn example(config: Config) -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::connect("redis://cache.example/0").await?;
/// let buckets = RedisBuckets::beside(&store);
/// let connect = KomerzaConnectLayer::new(config, store)?.with_shared_buckets(buckets);
/// # Ok(()) }
/// ```
///
/// # Security
/// The names of the Redis keys contain hashes. No API key is stored.
#[derive(Debug, Clone)]
pub struct RedisBuckets {
    redis: RedisStore,
    prefix: Arc<str>,
}

impl RedisBuckets {
    /// The beginning of each Redis key. The hash follows.
    pub const DEFAULT_PREFIX: &str = "komerza:bucket:";

    /// Uses the connection of a token store.
    #[must_use]
    pub fn beside(store: &RedisStore) -> Self {
        Self { redis: store.clone(), prefix: Self::DEFAULT_PREFIX.into() }
    }

    /// Connects to a server, a cluster or Sentinels; see the addresses of [`RedisStore`].
    ///
    /// # Errors
    /// Same as [`RedisStore::connect`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        RedisStore::connect(url).await.map(|store| Self::beside(&store))
    }

    /// Sets another prefix. Use it if two apps in one Redis must not share their buckets.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Takes `count` tokens, or notes that there are none for `wait`.
    async fn run(&self, id: &BucketId, limit: Bucket, count: u32, wait: Option<Duration>) -> Result<Taken, StoreError> {
        let micros =
            |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX).min(i64::from(u32::MAX) << 20);
        let numbers = [
            limit.capacity.into(),
            limit.refill.min(limit.capacity).into(),
            micros(limit.period),
            micros(super::SLACK),
            count.into(),
            wait.map_or(-1, micros),
            micros(LONGEST_REFUSAL.max(wait.unwrap_or_default())),
        ];
        let mut command = redis::cmd("EVAL");
        command.arg(SCRIPT).arg(1).arg(format!("{}{id}", self.prefix)).arg(&numbers);
        let (granted, wait): (u32, u64) = self.redis.ask(&command).await?;
        Ok(Taken { granted, wait: Duration::from_micros(wait) })
    }
}

#[async_trait::async_trait]
impl SharedBuckets for RedisBuckets {
    async fn take(&self, id: &BucketId, bucket: Bucket, wanted: u32) -> Result<Taken, Box<dyn Error + Send + Sync>> {
        match bucket.capacity {
            0 => Ok(Taken { granted: 0, wait: Duration::MAX }),
            _ => Ok(self.run(id, bucket, wanted, None).await?),
        }
    }

    async fn empty(&self, id: &BucketId, bucket: Bucket, wait: Duration) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.run(id, bucket, 0, Some(wait)).await?;
        Ok(())
    }
}
