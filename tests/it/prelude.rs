//! What the tests of this binary name again and again.

pub(crate) use axum::{Router, body::Body};
pub(crate) use bytes::Bytes;
pub(crate) use http::{Method, Request, Response, StatusCode, header, request::Parts};
pub(crate) use komerza_connect::{
    ApiKey, Config, ConfigBuilder, Error, ErrorKind, Failure, FailureKind, Hooks, KomerzaConnectLayer, KomerzaKey,
    MemoryStore, SealingKey, StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait,
    config::{Bucket, Limits},
    hooks::{Connected, Connecting, Disconnected, Note, Orphaned, Revoked, Veto},
    layer::{by_extractor, check_mounted, check_signed_in},
    random::{Randomness, RandomnessError, SystemRandomness},
    store::{
        CachedStore, EncryptedStore, ListUsers, ReplaceIf, SqliteStore, StoreErrorKind, TableName, UserPage,
        contract::faulty::{Faults, FaultyStore, Operation, StoreFault},
    },
    time::{Clock, ManualClock, SystemClock},
};
pub(crate) use komerza_connect_testing::{
    browser::{Browser, By, Context, Cookie, Hop, Load, Refused, SameSite, Visit},
    canary::{Canary, Log, fake_secret},
    headers::{CookieForm, OwnAnswers, assert_cookie_form},
    raw_provider::{Gate, RawProvider, Reply, key_for_code},
    shop::*,
    time::{Flying, Jumping, PATIENCE, Sleepers, hang, pass},
    values::{Chance, causes, config, record, user},
};
pub(crate) use komerza_sandbox::Sandbox;
pub(crate) use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
pub(crate) use serde_json::{Value, json};
pub(crate) use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    convert::Infallible,
    future::{Future, poll_fn},
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::{Pin, pin},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::{Duration, SystemTime},
};
pub(crate) use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinSet, yield_now},
    time::timeout,
};
pub(crate) use tower::{Layer, Service, ServiceBuilder, ServiceExt};
pub(crate) use tower_http::trace::TraceLayer;
pub(crate) use url::Url;
