//! The provider, in forty lines: codes work once, keys die when told to, and the next exchange may go wrong.

use super::steps::Provider as Fault;
use crate::prelude::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[derive(Clone)]
pub(super) struct Provider {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The code of every exchange, in order, with whether the answer was a 429.
    exchanges: Vec<(String, bool)>,
    used: HashSet<String>,
    dead: HashSet<String>,
    fault: Option<Fault>,
}

/// The key that a code is exchanged for.
pub(super) fn key_of(code: &str) -> String {
    format!("obviously-fake-key-{code}")
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { url, state: Arc::default() };
        let shared = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(shared.clone().serve(stream));
            }
        });
        provider
    }

    pub(super) fn forget(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    pub(super) fn fail(&self, fault: Option<Fault>) {
        self.state.lock().unwrap().fault = fault;
    }

    pub(super) fn kill(&self, key: &str) {
        self.state.lock().unwrap().dead.insert(key.to_owned());
    }

    pub(super) fn exchanges(&self) -> Vec<(String, bool)> {
        self.state.lock().unwrap().exchanges.clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap();
        let reply = match path.rsplit_once("/exchange/") {
            Some((_, code)) => self.exchange(code),
            None => self.call(&head),
        };
        if let Some((status, more, body)) = reply {
            let length = body.len();
            let reply =
                format!("HTTP/1.1 {status} x\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
            // Who has gone needs no answer.
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }

    fn exchange(&self, code: &str) -> Option<(u16, &'static str, String)> {
        let mut state = self.state.lock().unwrap();
        let fault = state.fault.take();
        let busy = matches!(fault, Some(Fault::BusyForASecond | Fault::BusyForAMinute));
        state.exchanges.push((code.to_owned(), busy));
        match fault {
            Some(Fault::BusyForASecond) => Some((429, "retry-after: 1\r\n", String::new())),
            Some(Fault::BusyForAMinute) => Some((429, "retry-after: 60\r\n", String::new())),
            Some(Fault::Broken) => Some((500, "", "{}".into())),
            Some(Fault::Html) => Some((200, "", "<html>".into())),
            Some(Fault::Empty) => Some((200, "", r#"{"success":true}"#.into())),
            Some(Fault::Cut) => {
                state.used.insert(code.to_owned());
                None
            }
            None if state.used.insert(code.to_owned()) => {
                Some((200, "", format!(r#"{{"success":true,"data":"{}"}}"#, key_of(code))))
            }
            None => Some((401, "", r#"{"success":false,"code":"invalid_code"}"#.into())),
        }
    }

    fn call(&self, head: &str) -> Option<(u16, &'static str, String)> {
        let key = head.lines().find_map(|line| line.strip_prefix("authorization: Bearer ")).unwrap_or_default();
        if self.state.lock().unwrap().dead.contains(key) {
            Some((401, "", r#"{"success":false,"code":"BadToken"}"#.into()))
        } else {
            Some((200, "", r#"{"success":true,"data":{}}"#.into()))
        }
    }
}
