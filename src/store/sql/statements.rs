//! The texts of the statements, with `$1`, `$2`, … for their values, each once and in this order.

use std::sync::Arc;

/// One statement for each operation.
pub(super) struct Statements {
    pub(super) load: Arc<str>,
    pub(super) save: Arc<str>,
    pub(super) delete: Arc<str>,
    pub(super) delete_if: Arc<str>,
    pub(super) replace_if: Arc<str>,
    pub(super) list: Arc<str>,
    pub(super) older: Arc<str>,
}

/// How a database says what the standard does not.
pub(super) struct Words {
    /// The id as hexadecimal digits.
    pub(super) id: &'static str,
    /// What stands between the row and the columns to be replaced.
    pub(super) upsert: &'static str,
    /// The new value of a column, around its name.
    pub(super) new: (&'static str, &'static str),
}

impl Statements {
    pub(super) fn new(table: &str, words: &Words) -> Self {
        let Words { id, upsert, new } = words;
        let set = |column| format!("{column} = {}{column}{}", new.0, new.1);
        let replaced = ["version", "record", "saved_at"].map(set).join(", ");
        Self {
            load: format!("SELECT record FROM {table} WHERE user_id = $1").into(),
            save: format!(
                "INSERT INTO {table} (user_id, version, record, saved_at) VALUES ($1, $2, $3, $4) {upsert} {replaced}"
            )
            .into(),
            delete: format!("DELETE FROM {table} WHERE user_id = $1").into(),
            delete_if: format!("DELETE FROM {table} WHERE user_id = $1 AND version = $2").into(),
            replace_if: format!("UPDATE {table} SET record = $1 WHERE user_id = $2 AND version = $3").into(),
            list: format!("SELECT {id}, record FROM {table} WHERE user_id > $1 ORDER BY user_id LIMIT $2").into(),
            older: format!(
                "SELECT {id}, record FROM {table} WHERE user_id >= $1 AND user_id < $2 AND saved_at < $3 \
                 ORDER BY saved_at, user_id LIMIT $4 OFFSET $5"
            )
            .into(),
        }
    }
}
