//! The provider's filter language: `field<op>value`, a comma for "and", `|` for "or" between the values of one
//! field.
//!
//! *Source*: docs.komerza.com, "Filtering". Filters named `…From` and `…To` with the operator `==` are read
//! as bounds. That is our choice: no documented sample shows them.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Filterable, Row};
use crate::envelope::Refusal;

/// Longer operators first, so that `>=` is not read as `>`.
const OPERATORS: [(&str, Operator); 10] = [
    ("@=*", Operator { relation: Relation::Contains, ignore_case: true }),
    ("_=*", Operator { relation: Relation::StartsWith, ignore_case: true }),
    ("==", Operator { relation: Relation::Equal, ignore_case: false }),
    ("!=", Operator { relation: Relation::NotEqual, ignore_case: false }),
    (">=", Operator { relation: Relation::AtLeast, ignore_case: false }),
    ("<=", Operator { relation: Relation::AtMost, ignore_case: false }),
    ("@=", Operator { relation: Relation::Contains, ignore_case: false }),
    ("_=", Operator { relation: Relation::StartsWith, ignore_case: false }),
    (">", Operator { relation: Relation::Above, ignore_case: false }),
    ("<", Operator { relation: Relation::Below, ignore_case: false }),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operator {
    relation: Relation,
    ignore_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    NotEqual,
    Above,
    Below,
    AtLeast,
    AtMost,
    Contains,
    StartsWith,
}

/// One field compared with one or more values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Condition {
    field: &'static str,
    operator: Operator,
    values: Vec<String>,
}

/// Reads a whole `Filters` parameter.
pub(super) fn parse(text: &str, names: Filterable) -> Result<Vec<Condition>, Refusal> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| condition(part, names)).collect()
}

/// A query parameter that has the name of a filter. `None` when there is no such filter.
pub(super) fn single(name: &str, value: &str, names: Filterable) -> Option<Condition> {
    let (known, field) = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let equal = Operator { relation: Relation::Equal, ignore_case: false };
    Some(Condition { field, operator: bound(known, equal), values: vec![value.to_owned()] })
}

/// The field behind a name.
pub(super) fn field(name: &str, names: Filterable) -> Result<&'static str, Refusal> {
    let known = names.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, field)| *field).ok_or_else(|| Refusal::invalid(format!("{name} is no field of this list.")))
}

fn condition(part: &str, names: Filterable) -> Result<Condition, Refusal> {
    let at = part.find(['=', '!', '>', '<', '@', '_']).ok_or_else(|| unreadable(part))?;
    let (name, rest) = part.split_at_checked(at).ok_or_else(|| unreadable(part))?;
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((operator, rest.strip_prefix(sign)?)));
    let (operator, values) = found.ok_or_else(|| unreadable(part))?;
    let operator = bound(name.trim(), *operator);
    Ok(Condition {
        field: field(name.trim(), names)?,
        operator,
        values: values.split('|').map(str::to_owned).collect(),
    })
}

fn unreadable(part: &str) -> Refusal {
    Refusal::invalid(format!("{part} is no filter."))
}

fn bound(name: &str, operator: Operator) -> Operator {
    let relation = match operator.relation {
        Relation::Equal if name.ends_with("From") => Relation::AtLeast,
        Relation::Equal if name.ends_with("To") => Relation::AtMost,
        other => other,
    };
    Operator { relation, ..operator }
}

impl Condition {
    pub(super) fn holds(&self, row: &impl Row) -> bool {
        let actual = row.field(self.field);
        let mut values = self.values.iter();
        // "Not equal to a or b" means neither.
        if self.operator.relation == Relation::NotEqual {
            values.all(|value| self.operator.holds(&actual, value))
        } else {
            values.any(|value| self.operator.holds(&actual, value))
        }
    }
}

impl Operator {
    fn holds(self, actual: &Value, wanted: &str) -> bool {
        // A missing value is different from every value and outside all bounds.
        if actual.is_null() {
            return self.relation == Relation::NotEqual;
        }
        if matches!(self.relation, Relation::Contains | Relation::StartsWith) {
            let fold = |text: &str| if self.ignore_case { text.to_lowercase() } else { text.to_owned() };
            let (actual, wanted) = (fold(&plain(actual)), fold(wanted));
            return match self.relation {
                Relation::Contains => actual.contains(&wanted),
                _ => actual.starts_with(&wanted),
            };
        }
        let order = compare(actual, &typed_like(actual, wanted));
        match self.relation {
            Relation::Equal => order.is_eq(),
            Relation::NotEqual => order.is_ne(),
            Relation::Above => order.is_gt(),
            Relation::Below => order.is_lt(),
            Relation::AtLeast => order.is_ge(),
            Relation::AtMost => order.is_le(),
            Relation::Contains | Relation::StartsWith => false,
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `wanted` as a number when the field is one.
fn typed_like(actual: &Value, wanted: &str) -> Value {
    match actual {
        Value::Number(_) => wanted.parse::<f64>().ok().map(Value::from).unwrap_or_default(),
        Value::Bool(_) => wanted.to_ascii_lowercase().parse::<bool>().map(Value::from).unwrap_or_default(),
        _ => Value::from(wanted),
    }
}

/// Numbers by size, everything else by its text; ISO 8601 times in UTC sort correctly as texts.
pub(super) fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => plain(a).cmp(&plain(b)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: Filterable = &[
        ("status", "status"),
        ("email", "customerEmail"),
        ("amount", "amount"),
        ("dateFrom", "date"),
        ("dateTo", "date"),
        ("IsEnabled", "on"),
        ("absent", "absent"),
    ];

    fn holds(filters: &str) -> bool {
        let row = json!({ "status": "Delivered", "customerEmail": "ada@example.com", "amount": 29.99, "date": "2026-11-05T10:00:00Z", "on": true });
        parse(filters, NAMES).unwrap().iter().all(|condition| condition.holds(&row))
    }

    #[test]
    fn every_operator_means_what_the_provider_says() {
        for (filters, expected) in [
            ("status==Delivered", true),
            ("status==delivered", false),
            ("status!=pending", true),
            ("status==pending|Delivered", true),
            ("status!=pending|Delivered", false),
            ("amount>29", true),
            ("amount>=29.99", true),
            ("amount<=29.98", false),
            ("amount<100", true),
            ("email@=example", true),
            ("email@=EXAMPLE", false),
            ("email@=*EXAMPLE", true),
            ("email_=ada", true),
            ("email_=*ADA", true),
            ("email_=example", false),
            ("status==Delivered,amount<10", false),
            ("dateFrom==2026-11-01,dateTo==2026-11-30", true),
            ("dateFrom>=2026-11-06", false),
            ("isenabled==true", true),
            ("IsEnabled==False", false),
            ("amount==text", false),
            ("absent==null", false),
            ("absent!=x", true),
            ("absent>=0", false),
            ("absent@=", false),
            ("", true),
        ] {
            assert_eq!(holds(filters), expected, "{filters}");
        }
    }

    #[test]
    fn unknown_fields_and_unreadable_filters_are_invalid() {
        for filters in ["color==red", "status", "status=Delivered", "==x", "status!x"] {
            assert_eq!(parse(filters, NAMES).unwrap_err().status, 400, "{filters}");
        }
        assert_eq!(single("color", "red", NAMES), None);
    }
}
