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
    /// Only with the column `saved_at`.
    pub(super) column: Option<Column>,
}

/// What keeps the column `saved_at` true.
pub(super) struct Column {
    pub(super) correct: Arc<str>,
    /// Fills it in, in some rows where it is missing. Zero rows: there are none. `None`: it is never missing.
    pub(super) fill: Option<Arc<str>>,
}

/// How a database says what the standard does not.
pub(super) struct Words {
    /// The id as hexadecimal digits.
    pub(super) id: &'static str,
    /// What stands between the row and the columns to be replaced.
    pub(super) upsert: &'static str,
    /// The new value of a column, around its name.
    pub(super) new: (&'static str, &'static str),
    /// `saved_at` as the record has it, or zero.
    pub(super) saved_at: Option<&'static str>,
}

/// Rows that are filled in at once, so that none is locked for long.
pub(super) const FILLED_AT_ONCE: u64 = 2_000;

impl Statements {
    pub(super) fn new(table: &str, words: &Words, has_column: bool) -> Self {
        let Words { id, upsert, new, .. } = words;
        let set = |column: &str| format!("{column} = {}{column}{}", new.0, new.1);
        let replaced = format!("{}, {}", set("version"), set("record"));
        let save = if has_column {
            format!(
                "INSERT INTO {table} (user_id, version, record, saved_at) VALUES ($1, $2, $3, $4) {upsert} {replaced}, {}",
                set("saved_at")
            )
        } else {
            format!("INSERT INTO {table} (user_id, version, record) VALUES ($1, $2, $3) {upsert} {replaced}")
        };
        // Without the column every record of the range is looked at.
        let (old, order) = if has_column { ("saved_at < $3 AND ", "saved_at, ") } else { ("", "") };
        let (limit, offset) = if has_column { ("$4", "$5") } else { ("$3", "$4") };
        let column = has_column.then(|| Column {
            correct: format!("UPDATE {table} SET saved_at = $1 WHERE user_id = $2 AND version = $3").into(),
            fill: words.saved_at.map(|saved_at| {
                format!(
                    "UPDATE {table} SET saved_at = {saved_at} WHERE user_id IN \
                     (SELECT user_id FROM {table} WHERE saved_at IS NULL LIMIT {FILLED_AT_ONCE})"
                )
                .into()
            }),
        });
        // `$3` comes after `$2` in the text, as MySQL's placeholders have no numbers.
        let range = format!("user_id >= $1 AND user_id < $2 AND {old}");
        Self {
            load: format!("SELECT record FROM {table} WHERE user_id = $1").into(),
            save: save.into(),
            delete: format!("DELETE FROM {table} WHERE user_id = $1").into(),
            delete_if: format!("DELETE FROM {table} WHERE user_id = $1 AND version = $2").into(),
            replace_if: format!("UPDATE {table} SET record = $1 WHERE user_id = $2 AND version = $3").into(),
            list: format!("SELECT {id}, record FROM {table} WHERE user_id > $1 ORDER BY user_id LIMIT $2").into(),
            older: format!(
                "SELECT {id}, record FROM {table} WHERE {} ORDER BY {order}user_id LIMIT {limit} OFFSET {offset}",
                range.trim_end_matches(" AND ")
            )
            .into(),
            column,
        }
    }
}
