//! Opens a token store by its address.

use super::{MemoryStore, ReplaceIf, StoreError};
use std::sync::Arc;

/// Opens the store that `url` names, with its default table or prefix.
///
/// | Address | Store | Feature |
/// | --- | --- | --- |
/// | `memory:` | [`MemoryStore`] | |
/// | `sqlite:PATH`, `sqlite::memory:` | `SqliteStore` | `sqlite` |
/// | `postgres://…`, `postgresql://…` | `PostgresStore` | `postgres` |
/// | `mysql://…`, `mariadb://…` | `MySqlStore` | `mysql` |
/// | `redis://…`, `redis-cluster://…`, `redis-sentinel://…`, and the same with `rediss` for TLS | `RedisStore` | `redis` |
///
/// ```
/// use komerza_connect::{store::StoreErrorKind, TokenStore, store};
/// use std::sync::Arc;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let tokens: Arc<dyn TokenStore> = store::connect("memory:").await?;
/// let refused = store::connect("mongodb://app:password@db.example").await.err().ok_or("no such store")?;
/// assert_eq!(refused.kind(), StoreErrorKind::Misconfigured);
/// assert!(!format!("{refused:?}").contains("password"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreErrorKind::Misconfigured`](crate::store::StoreErrorKind::Misconfigured) if there is no such kind of
/// store or its feature is off. Otherwise the errors of the store's own `connect`. No error repeats the
/// address, because it may contain a password.
pub async fn connect(url: &str) -> Result<Arc<dyn ReplaceIf>, StoreError> {
    let (scheme, _rest) = url.split_once(':').unwrap_or_default();
    match scheme {
        "memory" => Ok(Arc::new(MemoryStore::default())),
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Arc::new(super::SqliteStore::connect(url).await?)),
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => Ok(Arc::new(super::PostgresStore::connect(url).await?)),
        #[cfg(feature = "mysql")]
        "mysql" | "mariadb" => Ok(Arc::new(super::MySqlStore::connect(url).await?)),
        #[cfg(feature = "redis")]
        "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel" | "rediss-sentinel" => {
            Ok(Arc::new(super::RedisStore::connect(url).await?))
        }
        _ => Err(refusal(scheme)),
    }
}

const KNOWN: &str = "memory:, sqlite:PATH, postgres://…, mysql://…, redis://…";

/// Why no store can be opened for a scheme.
fn refusal(scheme: &str) -> StoreError {
    let feature = match scheme {
        "sqlite" => "sqlite",
        "postgres" | "postgresql" => "postgres",
        "mysql" | "mariadb" => "mysql",
        "redis" | "rediss" | "redis-cluster" | "rediss-cluster" | "redis-sentinel" | "rediss-sentinel" => "redis",
        // What stands before the colon could itself be a secret that was pasted into the wrong setting.
        _ => return StoreError::misconfigured(format!("no such kind of token store; there are {KNOWN}")),
    };
    StoreError::misconfigured(format!("feature \"{feature}\" of komerza-connect is not switched on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_not_compiled_in_names_its_feature() {
        let cause = |scheme| refusal(scheme).cause().map(ToString::to_string).unwrap_or_default();
        assert_eq!(cause("rediss"), "feature \"redis\" of komerza-connect is not switched on");
        assert!(cause("obviously-fake").starts_with("no such kind"));
        assert!(!cause("obviously-fake").contains("obviously"));
    }

    #[tokio::test]
    async fn an_address_without_a_scheme_is_refused_and_not_repeated() {
        for url in ["", "obviously-fake", "obviously-fake:password@host", "MEMORY:", "sqlite:", "sqlite:a?mode=ro"] {
            let error = connect(url).await.err().unwrap();
            assert!(!format!("{error} {error:?}").contains("obviously"), "{error:?}");
        }
    }
}
