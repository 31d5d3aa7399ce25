//! What the tests of this binary name again and again.

pub(crate) use axum::{Router, body::Body};
pub(crate) use bytes::Bytes;
pub(crate) use http::{Method, Request, Response, StatusCode, header, request::Parts};
pub(crate) use komerza_connect::config::{Bucket, Limits};
pub(crate) use komerza_connect::hooks::{Connected, Connecting, Disconnected, Note, Orphaned, Revoked, Veto};
pub(crate) use komerza_connect::layer::{by_extractor, check_mounted, check_signed_in};
pub(crate) use komerza_connect::random::{Randomness, RandomnessError, SystemRandomness};
pub(crate) use komerza_connect::store::contract::faulty::{Faults, FaultyStore, Operation, StoreFault};
pub(crate) use komerza_connect::store::{
    CachedStore, EncryptedStore, ListUsers, ReplaceIf, SqliteStore, StoreErrorKind, TableName, UserPage,
};
pub(crate) use komerza_connect::time::{Clock, ManualClock, SystemClock};
pub(crate) use komerza_connect::{
    ApiKey, Config, ConfigBuilder, Error, ErrorKind, Failure, FailureKind, Hooks, KomerzaConnectLayer, KomerzaKey,
    MemoryStore, SealingKey, StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait,
};
pub(crate) use komerza_connect_testing::browser::{Browser, By, Context, Cookie, Hop, Load, Refused, SameSite, Visit};
pub(crate) use komerza_connect_testing::canary::{Canary, Log, fake_secret};
pub(crate) use komerza_connect_testing::headers::{CookieForm, OwnAnswers, assert_cookie_form};
pub(crate) use komerza_connect_testing::raw_provider::{Gate, RawProvider, Reply, key_for_code};
pub(crate) use komerza_connect_testing::shop::*;
pub(crate) use komerza_connect_testing::time::{Flying, Jumping, PATIENCE, Sleepers, hang, pass};
pub(crate) use komerza_connect_testing::values::{Chance, causes, config, record, user};
pub(crate) use komerza_sandbox::Sandbox;
pub(crate) use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
pub(crate) use serde_json::{Value, json};
pub(crate) use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
pub(crate) use std::future::{Future, poll_fn};
pub(crate) use std::path::{Path, PathBuf};
pub(crate) use std::pin::{Pin, pin};
pub(crate) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, LazyLock, Mutex};
pub(crate) use std::time::{Duration, SystemTime};
pub(crate) use std::{convert::Infallible, net::SocketAddr, task::Poll};
pub(crate) use tokio::io::{AsyncReadExt, AsyncWriteExt};
pub(crate) use tokio::net::{TcpListener, TcpStream};
pub(crate) use tokio::task::{JoinSet, yield_now};
pub(crate) use tokio::time::timeout;
pub(crate) use tower::{Layer, Service, ServiceBuilder, ServiceExt};
pub(crate) use tower_http::trace::TraceLayer;
pub(crate) use url::Url;
