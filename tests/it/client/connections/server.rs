//! A server of HTTP/1.1 or, over TLS, of HTTP/2, whose connections go bad on command.

use crate::prelude::*;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, pki_types::pem::PemObject};

/// What the server does with the next requests of all connections.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Conduct {
    #[default]
    Answer,
    /// It makes the effect, and closes the connection in place of an answer.
    CloseAfterEffect,
}

/// What the connections of a generation do.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Serve,
    Hang,
    Refuse,
    ShutDown,
}

#[derive(Default)]
struct Shared {
    conduct: watch::Sender<Conduct>,
    order: std::sync::Mutex<watch::Sender<Order>>,
    refusals: AtomicUsize,
    goodbyes: AtomicUsize,
    effects: AtomicUsize,
}

pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) tls: bool,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Writes a certificate for `localhost` and its key.
pub(super) fn write_certificate(directory: &Path) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = directory.join("certificate.pem");
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    certificate
}

fn acceptor(directory: &Path) -> TlsAcceptor {
    let certificate = rustls::pki_types::CertificateDer::from_pem_file(directory.join("certificate.pem")).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_file(directory.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl Server {
    pub(super) async fn plain() -> Self {
        Self::start(None).await
    }

    pub(super) async fn tls(directory: &Path) -> Self {
        Self::start(Some(acceptor(directory))).await
    }

    async fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let (accepting, with_tls) = (shared.clone(), tls.is_some());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let order = accepting.order.lock().unwrap().subscribe();
                let (shared, tls) = (accepting.clone(), tls.clone());
                connections.spawn(async move {
                    match tls {
                        None => http1(stream, order, &shared).await,
                        Some(tls) => {
                            let Ok(stream) = tls.accept(stream).await else { return };
                            let farewell = shared.goodbyes.load(Ordering::SeqCst) > 0;
                            if farewell {
                                shared.goodbyes.fetch_sub(1, Ordering::SeqCst);
                                let _ = goodbye(stream, &shared).await;
                            } else {
                                http2(stream, order, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, tls: with_tls, shared, task }
    }

    pub(super) fn url(&self, port: u16) -> String {
        if self.tls { format!("https://localhost:{port}/") } else { format!("http://127.0.0.1:{port}/") }
    }

    pub(super) fn effects(&self) -> usize {
        self.shared.effects.load(Ordering::SeqCst)
    }

    pub(super) fn conduct(&self, conduct: Conduct) {
        self.shared.conduct.send_replace(conduct);
    }

    pub(super) fn refuse(&self, requests: usize) {
        self.shared.refusals.store(requests, Ordering::SeqCst);
    }

    pub(super) fn say_goodbye_to_next(&self) {
        self.shared.goodbyes.store(1, Ordering::SeqCst);
    }

    /// Tells the open connections; later ones serve.
    pub(super) fn order(&self, order: Order) {
        let mut orders = self.shared.order.lock().unwrap();
        orders.send_replace(order);
        *orders = watch::Sender::new(Order::Serve);
    }
}

impl Shared {
    /// Whether the request is answered, once its effect was made.
    async fn answers(&self, method: &Method, path: &str) -> bool {
        if path.ends_with("/slow") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        if *method == Method::POST {
            self.effects.fetch_add(1, Ordering::SeqCst);
        }
        *self.conduct.borrow() == Conduct::Answer
    }
}

const BODY: &str = r#"{"success":true,"data":{}}"#;

async fn http1(mut stream: TcpStream, order: watch::Receiver<Order>, shared: &Shared) {
    let mut read = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => read.extend_from_slice(&bytes[..count]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&read).into_owned();
        if !text.contains("\r\n\r\n") {
            continue;
        }
        read.clear();
        if *order.borrow() == Order::Hang {
            std::future::pending::<()>().await;
        }
        let mut line = text.split(' ');
        let (method, path) = (line.next().unwrap(), line.next().unwrap());
        if !shared.answers(&method.parse().unwrap(), path).await {
            return;
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn http2<S: AsyncRead + AsyncWrite + Unpin>(stream: S, mut order: watch::Receiver<Order>, shared: Arc<Shared>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut told = false;
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            changed = order.changed(), if !told => {
                // An order is the last that a connection hears.
                told = changed.is_err();
                if *order.borrow_and_update() == Order::ShutDown {
                    connection.graceful_shutdown();
                }
                continue;
            }
        };
        let Some(Ok((request, mut respond))) = accepted else { return };
        let refused =
            shared.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if refused || *order.borrow() == Order::Refuse {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        if *order.borrow() == Order::Hang {
            // The stream stays open; the connection goes on answering pings.
            std::mem::forget(respond);
            continue;
        }
        if !shared.answers(request.method(), request.uri().path()).await {
            return;
        }
        let answer = respond.send_response(Response::new(()), false);
        let _ = answer.and_then(|mut body| body.send_data(Bytes::from_static(BODY.as_bytes()), true));
    }
}

/// Reads frames until a request comes, makes its effect, and then says by GOAWAY that it was not processed.
async fn goodbye<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, shared: &Shared) -> std::io::Result<()> {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; 24]).await?;
    stream.write_all(&SETTINGS).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await?;
        if head[3] == HEADERS {
            shared.effects.fetch_add(1, Ordering::SeqCst);
            stream.write_all(&GOAWAY).await?;
            return stream.shutdown().await;
        }
    }
}
