//! What the tests of this binary name again and again.

pub(crate) use axum::{Router, body::Body};
pub(crate) use http::{Method, Request, Response, StatusCode};
pub(crate) use komerza_connect::{
    ApiKey, Config, ConfigBuilder, ErrorKind, FailureKind, Hooks, KomerzaConnectLayer, KomerzaKey, MemoryStore,
    SealingKey, StoreError, StoredToken, TokenStore, TokenVersion, UserId, async_trait,
    config::{Bucket, Limits},
    store::{SqliteStore, StoreErrorKind, TableName},
    time::{Clock, ManualClock},
};
pub(crate) use komerza_connect_testing::{
    browser::{Browser, Hop, Load},
    raw_provider::{Gate, RawProvider, Reply, key_for_code},
    shop_b::{Fate, Hook, MODES, Mode, ORIGIN, Op, Shelf, Shop, assert_connected},
    time::PATIENCE,
    values::{causes, config, record, user},
};
pub(crate) use komerza_sandbox::Sandbox;
pub(crate) use serde_json::{Value, json};
pub(crate) use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::{Duration, SystemTime},
};
pub(crate) use tokio::{net::TcpListener, task::JoinSet};
