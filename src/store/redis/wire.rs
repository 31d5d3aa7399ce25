//! A connection, to one server or to a cluster.

use redis::{
    Cmd, RedisError, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster_async::ClusterConnection,
    cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr},
};

/// Clones share the connection; it closes with the last of them.
#[derive(Clone)]
pub(super) enum Wire {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Wire {
    /// Sends a command to the server that has its key.
    pub(super) async fn send(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(wire) => wire.send_packed_command(command).await,
            Self::Cluster(wire) => wire.req_packed_command(command).await,
        }?
        .extract_error()
    }

    /// Sends a command to the primary that has `slot`. A server alone has every slot.
    pub(super) async fn send_to(&mut self, slot: u16, command: Cmd) -> Result<Value, RedisError> {
        match self {
            Self::One(wire) => wire.send_packed_command(&command).await,
            Self::Cluster(wire) => {
                let node = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                wire.route_command(command, RoutingInfo::SingleNode(node)).await
            }
        }?
        .extract_error()
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }
}
