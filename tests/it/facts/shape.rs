//! What the schema says of a value, JSON that obeys it, and what must be left of that JSON when it was read.

use super::table::{self, Client, TABLE};
use crate::prelude::*;
use jiff::{Timestamp, tz::Offset};
use proptest::{collection, option, prelude::*};
use serde_json::value::RawValue;

/// The types of the provider's schema.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Text,
    Id,
    Time,
    Money,
    Whole,
    /// A number, or -1 for none.
    Limit,
    Flag,
    Texts,
    /// Not documented.
    Any,
    List(Box<Self>),
    Object(Vec<Field>),
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    name: &'static str,
    shape: Shape,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// There, and read.
    Must,
    /// There, null or absent, and read.
    May,
    /// There, null or absent, and not read.
    Out,
}

/// JSON, and what must be left of it.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) json: String,
    want: Want,
}

#[derive(Debug, Clone)]
enum Want {
    /// Nothing: null, empty, zero or false.
    Nothing,
    /// The very text.
    Exactly(String),
    Text(String),
    Instant(Timestamp),
    List(Vec<Self>),
    Fields(Vec<(&'static str, Self)>),
    LeftOut,
    /// Whatever it is.
    Anything,
}

/// A shape of the table.
pub(super) fn named(name: &str) -> Shape {
    let fields = TABLE.shapes.get(name).unwrap_or_else(|| panic!("no shape {name}"));
    Shape::Object(fields.iter().map(of_field).collect())
}

fn of_field(field: &table::Field) -> Field {
    let rule = match field.client {
        Client::Needs => Rule::Must,
        Client::Reads => Rule::May,
        Client::LeavesOut => Rule::Out,
    };
    let kind = if matches!(rule, Rule::Out) { Shape::Any } else { of_kind(field.kind) };
    Field { name: field.name, shape: kind, rule }
}

fn of_kind(kind: &str) -> Shape {
    match kind {
        "str" => Shape::Text,
        "uuid" => Shape::Id,
        "time" => Shape::Time,
        "num" => Shape::Money,
        "int" => Shape::Whole,
        "limit" => Shape::Limit,
        "bool" => Shape::Flag,
        "map" => Shape::Texts,
        "any" => Shape::Any,
        list if list.ends_with("[]") => Shape::List(Box::new(of_kind(&list[..list.len() - 2]))),
        object => named(object),
    }
}

/// Any JSON, not too deep, in which these names are as likely as others.
pub(super) fn any_json(names: &'static [&'static str]) -> impl Strategy<Value = Value> + Clone {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("a number", |number| number.is_finite()).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        instant().prop_map(|(text, _)| Value::from(text)),
    ];
    let name = prop_oneof![proptest::sample::select(names).prop_map(str::to_owned), "[a-zA-Z]{1,8}"];
    leaf.prop_recursive(3, 32, 8, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            collection::btree_map(name.clone(), inner, 0..8).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A time of the years 1 to 9999, as text with an offset or without, and with up to nine digits of a second.
fn instant() -> impl Strategy<Value = (String, Timestamp)> {
    let minutes = prop_oneof![Just(0), -14 * 60..=14 * 60_i32];
    (-62_135_500_000_i64..253_402_100_000, 0..1_000_000_000_i32, 0..10_usize, minutes, 0..3).prop_map(
        |(second, nanosecond, digits, minutes, style)| {
            let unit = 10_i32.pow(9 - u32::try_from(digits).unwrap());
            let time = Timestamp::new(second, nanosecond / unit * unit).unwrap();
            let offset = if style == 0 { Offset::from_seconds(minutes * 60).unwrap() } else { Offset::UTC };
            let local = offset.to_datetime(time);
            let fraction = &format!("{:09}", local.subsec_nanosecond())[..digits];
            let point = if digits == 0 { "" } else { "." };
            let zone = match style {
                0 => format!(
                    "{}{:02}:{:02}",
                    if minutes < 0 { '-' } else { '+' },
                    minutes.abs() / 60,
                    minutes.abs() % 60
                ),
                1 => "Z".to_owned(),
                _ => String::new(),
            };
            (format!("{}{point}{fraction}{zone}", local.strftime("%Y-%m-%dT%H:%M:%S")), time)
        },
    )
}

/// A text in JSON, plain or with every character escaped.
fn text(pattern: &'static str) -> impl Strategy<Value = (String, String)> {
    (pattern, any::<bool>()).prop_map(|(text, escaped): (String, bool)| {
        let json = match escaped {
            true => format!("\"{}\"", text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>()),
            false => serde_json::to_string(&text).unwrap(),
        };
        (json, text)
    })
}

fn exactly(json: impl ToString) -> Sample {
    Sample { json: json.to_string(), want: Want::Exactly(json.to_string()) }
}

impl Shape {
    pub(super) fn samples(&self) -> BoxedStrategy<Sample> {
        let named = |(json, text)| Sample { json, want: Want::Text(text) };
        match self {
            Self::Text => text(".{0,12}").prop_map(named).boxed(),
            Self::Id => text("[0-9a-f]{8}-[0-9a-f]{4}|.{1,12}").prop_map(named).boxed(),
            Self::Time => instant()
                .prop_map(|(text, time)| Sample { json: format!("\"{text}\""), want: Want::Instant(time) })
                .boxed(),
            Self::Money => "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?".prop_map(exactly).boxed(),
            Self::Whole => any::<i32>().prop_map(exactly).boxed(),
            Self::Limit => (-1..i64::from(i32::MAX)).prop_map(exactly).boxed(),
            Self::Flag => any::<bool>().prop_map(exactly).boxed(),
            Self::Texts => collection::btree_map("[a-z]{1,5}", option::of(".{0,5}"), 0..3)
                .prop_map(|map| Sample { json: serde_json::to_string(&map).unwrap(), want: Want::Anything })
                .boxed(),
            Self::Any => {
                any_json(&["id"]).prop_map(|json| Sample { json: json.to_string(), want: Want::Anything }).boxed()
            }
            Self::List(of) => collection::vec(of.samples(), 0..3).prop_map(listed).boxed(),
            Self::Object(fields) => filled(fields),
        }
    }
}

fn listed(samples: Vec<Sample>) -> Sample {
    let (json, want): (Vec<_>, _) = samples.into_iter().map(|sample| (sample.json, sample.want)).unzip();
    Sample { json: format!("[{}]", json.join(",")), want: Want::List(want) }
}

/// A member of an object, if it is there, and what must be left of the field, if it is known.
type Member = (Option<String>, Option<(&'static str, Want)>);

/// An object in any order of its fields, with some that nobody knows yet.
fn filled(fields: &[Field]) -> BoxedStrategy<Sample> {
    let known: Vec<_> = fields.iter().map(Field::members).collect();
    let later = collection::btree_map("later[A-Z]{1,4}", any_json(&["id"]), 0..3);
    let members = (known, later).prop_map(|(known, later)| {
        let later = later.into_iter().map(|(name, value)| (Some(format!("{name:?}:{value}")), None));
        known.into_iter().map(|(member, want)| (member, Some(want))).chain(later).collect::<Vec<Member>>()
    });
    let object = |members: Vec<Member>| {
        let (members, wants): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        let members: Vec<_> = members.into_iter().flatten().collect();
        Sample { json: format!("{{{}}}", members.join(",")), want: Want::Fields(wants.into_iter().flatten().collect()) }
    };
    members.prop_shuffle().prop_map(object).boxed()
}

impl Field {
    /// The member of the object, if there is one, and what must be left of it.
    fn members(&self) -> BoxedStrategy<(Option<String>, (&'static str, Want))> {
        let Self { name, rule, .. } = *self;
        let there = self.shape.samples().prop_map(move |Sample { json, want }| {
            let want = match rule {
                Rule::Must | Rule::May => want,
                Rule::Out => Want::LeftOut,
            };
            (Some(format!("{name:?}:{json}")), (name, want))
        });
        let nothing = if rule == Rule::Out { Want::LeftOut } else { Want::Nothing };
        let null = Just((Some(format!("{name:?}:null")), (name, nothing.clone())));
        match rule {
            Rule::Must => there.boxed(),
            _ => prop_oneof![4 => there, 1 => null, 1 => Just((None, (name, nothing)))].boxed(),
        }
    }
}

impl Sample {
    /// Whether what was read of it, written again, has everything that it must.
    pub(super) fn agrees_with(&self, written: &str) -> Result<(), String> {
        self.want.agrees(Some(written)).map_err(|error| format!("{error}\nread: {}\nwritten: {written}", self.json))
    }
}

impl Want {
    fn agrees(&self, written: Option<&str>) -> Result<(), String> {
        let json = match (self, written) {
            (Self::LeftOut, None) => return Ok(()),
            (Self::LeftOut, Some(_)) => return Err("was to be left out".to_owned()),
            (_, None) => return Err("is not read".to_owned()),
            (_, Some(json)) => json,
        };
        let same = match self {
            Self::Nothing => is_nothing(&serde_json::from_str(json).unwrap()),
            Self::Exactly(text) => json == text,
            Self::Text(text) => serde_json::from_str::<String>(json).is_ok_and(|written| written == *text),
            Self::Instant(time) => {
                let written: Option<Timestamp> = serde_json::from_str::<String>(json).unwrap_or_default().parse().ok();
                written == Some(*time)
            }
            Self::List(wants) => {
                let written: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| error.to_string())?;
                for (want, written) in wants.iter().zip(&written) {
                    want.agrees(Some(written.get()))?;
                }
                wants.len() == written.len()
            }
            Self::Fields(wants) => {
                let written: BTreeMap<&str, &RawValue> =
                    serde_json::from_str(json).map_err(|error| error.to_string())?;
                for (name, want) in wants {
                    let written = written.get(name).map(|written| written.get());
                    want.agrees(written).map_err(|error| format!("{name}: {error}"))?;
                }
                true
            }
            Self::LeftOut | Self::Anything => true,
        };
        if same { Ok(()) } else { Err(format!("{json} instead of {self:?}")) }
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        // The limit that is none.
        Value::Number(number) => number.as_i64() == Some(-1),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_nothing),
    }
}
