//! The accept loop: one task per port, one per connection, all ended with the sandbox.

use std::sync::{Mutex, PoisonError};
use std::{net::SocketAddr, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::SandboxError;
use super::pipeline::{Pipeline, Role};

/// Pause after a failed accept, which means that the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A port that is being served, or was. Dropping it ends every connection at once.
pub(super) struct Port {
    pub(super) address: SocketAddr,
    role: Role,
    pipeline: Pipeline,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Port {
    pub(super) async fn open(address: SocketAddr, role: Role, pipeline: Pipeline) -> Result<Self, SandboxError> {
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(address));
        }
        let mut port = Self { address, role, pipeline, task: Mutex::default() };
        port.address = port.listen().await?;
        Ok(port)
    }

    /// Serves the port, from now on or again.
    pub(super) async fn listen(&self) -> Result<SocketAddr, SandboxError> {
        let listener =
            TcpListener::bind(self.address).await.map_err(|source| SandboxError::Bind(self.address, source))?;
        let address = listener.local_addr().map_err(|source| SandboxError::Bind(self.address, source))?;
        let former = self.swap(Some(tokio::spawn(accept(listener, self.role, self.pipeline.clone()))));
        former.iter().for_each(JoinHandle::abort);
        Ok(address)
    }

    /// Stops and waits until the port is free again.
    pub(super) async fn close(&self) {
        if let Some(task) = self.swap(None) {
            task.abort();
            // The only result is "cancelled", which is what was asked for.
            let _ = task.await;
        }
    }

    fn swap(&self, task: Option<JoinHandle<()>>) -> Option<JoinHandle<()>> {
        std::mem::replace(&mut self.task.lock().unwrap_or_else(PoisonError::into_inner), task)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.swap(None).iter().for_each(JoinHandle::abort);
    }
}

async fn accept(listener: TcpListener, role: Role, pipeline: Pipeline) {
    // Dropped with this task, and with it every connection.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(_) if pipeline.refuses_connection() => {}
                Ok((stream, _)) => drop(connections.spawn(serve(stream, role, pipeline.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, role: Role, pipeline: Pipeline) {
    let service = service_fn(|request| pipeline.answer(role, request));
    // An error is a client that went away, or a fault that was asked for; neither is news.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
