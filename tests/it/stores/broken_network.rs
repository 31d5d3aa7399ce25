//! A store whose records lie in a server, and what stores of that kind get wrong when the network is bad.

use super::flaws::Flaw;
use super::*;
use std::io::{BufRead, BufReader, Write};
use std::{net::TcpListener, sync::OnceLock, time::UNIX_EPOCH};
use tokio::io::AsyncBufReadExt;

/// How long a call may take.
const LIMIT: Duration = Duration::from_millis(500);

/// The server of all these stores. A request is a line of words: a deadline in milliseconds since 1970, a verb, a place,
/// and what the verb needs. The answer is a line too.
pub(super) fn server() -> SocketAddr {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    *SERVER.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let records = Arc::new(Mutex::new(HashMap::new()));
            for stream in listener.incoming() {
                let (stream, records) = (stream.unwrap(), records.clone());
                std::thread::spawn(move || {
                    let mut answers = stream.try_clone().unwrap();
                    for line in BufReader::new(stream).lines() {
                        let Ok(line) = line else { return };
                        if writeln!(answers, "{}", answer(&line, &mut records.lock().unwrap())).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        address
    })
}

fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}

fn answer(line: &str, records: &mut HashMap<String, String>) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let (deadline, verb, place) = (words[0].parse::<u128>().unwrap(), words[1], words[2]);
    if now() > deadline {
        return "late".to_owned();
    }
    match verb {
        "load" => records.get(place).cloned().unwrap_or_default(),
        "save" => {
            records.insert(place.to_owned(), words[3..].join(" "));
            "saved".to_owned()
        }
        _ => {
            let same = records.get(place).is_some_and(|text| text.contains(words[3]));
            let removed = same && records.remove(place).is_some();
            removed.to_string()
        }
    }
}

pub(super) struct Far {
    flaw: Flaw,
    server: SocketAddr,
    connection: tokio::sync::Mutex<Option<tokio::io::BufStream<TcpStream>>>,
    /// What one flaw keeps open.
    leaked: Mutex<Vec<tokio::io::BufStream<TcpStream>>>,
}

impl Far {
    pub(super) fn at(flaw: Flaw, server: SocketAddr) -> Self {
        Self { flaw, server, connection: tokio::sync::Mutex::default(), leaked: Mutex::default() }
    }

    async fn ask(&self, deadline: u128, rest: &str) -> Result<String, StoreError> {
        let mut connection = self.connection.lock().await;
        let limit = if self.flaw == Flaw::WaitsForEver { Duration::from_secs(3600) } else { LIMIT };
        let outcome: std::io::Result<String> = timeout(limit, async {
            if connection.is_none() {
                *connection = Some(tokio::io::BufStream::new(TcpStream::connect(self.server).await?));
            }
            let stream = connection.as_mut().expect("it was made");
            if self.flaw == Flaw::RemovalsAfterAPingHaveNoDeadline {
                stream.write_all(format!("{} load nobody\n", u128::MAX).as_bytes()).await?;
                stream.flush().await?;
                stream.read_line(&mut String::new()).await?;
            }
            stream.write_all(format!("{deadline} {rest}\n").as_bytes()).await?;
            stream.flush().await?;
            let mut line = String::new();
            match stream.read_line(&mut line).await? {
                0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
                _ => Ok(line.trim_end().to_owned()),
            }
        })
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        if outcome.is_err() {
            match self.flaw {
                Flaw::NeverConnectsAgain => {}
                Flaw::ConnectionsLeak => self.leaked.lock().unwrap().extend(connection.take()),
                _ => *connection = None,
            }
        }
        match outcome {
            Ok(line) if line == "late" => Err(StoreError::timed_out()),
            other => other.map_err(StoreError::unavailable),
        }
    }

    fn deadline(&self, never: Flaw) -> u128 {
        let after_a_ping = self.flaw == Flaw::RemovalsAfterAPingHaveNoDeadline && never == Flaw::RemovalsHaveNoDeadline;
        if self.flaw == never || after_a_ping { u128::MAX } else { now() + LIMIT.as_millis() }
    }
}

#[async_trait]
impl TokenStore for Far {
    async fn load(&self, user: &UserId) -> Result<Option<StoredToken>, StoreError> {
        let text = self.ask(u128::MAX, &format!("load {}", user.as_str())).await?;
        Some(text).filter(|text| !text.is_empty()).map(|text| StoredToken::from_text(&text)).transpose()
    }

    async fn save(&self, user: &UserId, token: &StoredToken) -> Result<(), StoreError> {
        let save = format!("save {} {}", user.as_str(), token.to_text());
        self.ask(self.deadline(Flaw::SavesHaveNoDeadline), &save).await.map(drop)
    }

    async fn delete(&self, user: &UserId) -> Result<(), StoreError> {
        // Every record has a version.
        let delete = format!("delete {} version", user.as_str());
        self.ask(self.deadline(Flaw::RemovalsHaveNoDeadline), &delete).await.map(drop)
    }

    async fn delete_if(&self, user: &UserId, version: &TokenVersion) -> Result<bool, StoreError> {
        let delete = format!("delete {} {version}", user.as_str());
        Ok(self.ask(self.deadline(Flaw::RemovalsHaveNoDeadline), &delete).await? == "true")
    }
}
