//! The quickstart in processes of its own, over shared databases: several nodes, `kill -9`, and databases that stop.

mod kills;
mod node;
mod outage;
mod servers;
mod two_nodes;
mod visitor;
