//! What can go wrong when a sandbox is set up or driven from a program.

use std::{error::Error, fmt, io, net::SocketAddr};

use komerza_connect::random::RandomnessError;

/// Why a sandbox could not be started, or why it refused what a program asked of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is not a loopback address. A sandbox approves everybody, so it serves only this machine.
    NotLoopback(SocketAddr),
    /// The port could not be opened: choose another one, or port 0.
    Bind(SocketAddr, io::Error),
    /// The source of randomness gave no bytes.
    Randomness(RandomnessError),
    /// A client secret has another length than Komerza's; the numbers are the length given and the one needed.
    SecretLength(usize, usize),
    /// A redirect URI is not an absolute `http` or `https` URL without a fragment.
    RedirectUri(String),
    /// The authorize page would have shown an error instead of asking the user; the text is that of the page.
    Refused(String),
    /// The test browser cannot go on; the text says why.
    Browser(String),
    /// There is no such app, store, account or key.
    Unknown(&'static str),
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => {
                write!(f, "{address} is not a loopback address; a sandbox serves this machine alone")
            }
            Self::Bind(address, _) => write!(f, "the sandbox cannot listen on {address}"),
            Self::Randomness(_) => f.write_str("the sandbox cannot draw its keys and codes"),
            Self::SecretLength(given, needed) => {
                write!(f, "the client secret has {given} characters, a Komerza secret has {needed}")
            }
            Self::RedirectUri(uri) => {
                write!(f, "{uri:?} is no redirect URI: it must be an absolute http or https URL without a fragment")
            }
            Self::Refused(reason) => write!(f, "the authorize page refuses this request: {reason}"),
            Self::Browser(reason) => f.write_str(reason),
            Self::Unknown(what) => write!(f, "the sandbox knows no such {what}"),
        }
    }
}

impl Error for SandboxError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Bind(_, source) => Some(source),
            Self::Randomness(source) => Some(source),
            _ => None,
        }
    }
}
