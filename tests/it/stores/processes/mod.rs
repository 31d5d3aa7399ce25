//! The quickstart in processes of its own, over shared databases: several nodes, `kill -9`, and databases that stop.

mod kills;
mod node;
#[cfg(feature = "servers")]
mod outage;
#[cfg(feature = "servers")]
mod servers;
#[cfg(feature = "servers")]
mod two_nodes;
mod visitor;

use self::node::{Node, sandbox};
#[cfg(feature = "servers")]
use self::servers::Server;
use self::visitor::{Ended, Said, Visitor};
use super::*;
