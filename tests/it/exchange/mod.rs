//! Section D of the threat model: the exchange call, beyond the table of replies.

mod limits;
mod request;
mod retries;
