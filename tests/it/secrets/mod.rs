//! Section E of the threat model: secrets at rest, in memory and in logs; users kept apart.

mod apart;
mod at_rest;
mod client;
mod logs;
mod panics;
