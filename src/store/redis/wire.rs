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
    /// Sends a command to the primary that has `slot`, or else to the one that has the command's key. A
    /// server that stands for itself has every slot.
    pub(super) async fn send(&mut self, command: &Cmd, slot: Option<u16>) -> Result<Value, RedisError> {
        match (self, slot) {
            (Self::One(wire), _) => wire.send_packed_command(command).await,
            (Self::Cluster(wire), None) => wire.req_packed_command(command).await,
            (Self::Cluster(wire), Some(slot)) => {
                let node = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
                wire.route_command(command.clone(), RoutingInfo::SingleNode(node)).await
            }
        }?
        .extract_error()
    }
}
