//! The table of facts, read.

use crate::prelude::*;

const TEXT: &str = include_str!("../../../docs/provider-facts.tsv");

/// The folder of the client's source.
pub(crate) const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/api");

pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) shapes: BTreeMap<&'static str, Vec<Field>>,
    pub(crate) forms: BTreeMap<&'static str, Vec<FormField>>,
    pub(crate) calls: Vec<Call>,
    /// Those that neither the crate nor the sandbox has, on purpose.
    pub(crate) raw: Vec<Call>,
    /// By the typed name of a list.
    pub(crate) queries: BTreeMap<&'static str, BTreeSet<&'static str>>,
    pub(crate) sorts: BTreeSet<&'static str>,
    pub(crate) scopes: BTreeSet<&'static str>,
}

/// What a model does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Needs,
    Reads,
    LeavesOut,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) nullable: bool,
    pub(crate) client: Client,
    pub(crate) sent: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct FormField {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) needed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Empty where there is no typed call.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// With names in braces.
    pub(crate) path: String,
    pub(crate) scope: &'static str,
    pub(crate) sends: &'static str,
    pub(crate) data: &'static str,
}

impl Table {
    fn read() -> Self {
        let mut table = Self::default();
        for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&'static str> = line.split('\t').collect();
            match cells[..] {
                ["field", shape, name, kind, null, client, sandbox, _] => {
                    let client = match client {
                        "need" => Client::Needs,
                        "read" => Client::Reads,
                        "-" => Client::LeavesOut,
                        _ => panic!("{line}"),
                    };
                    let (nullable, sent) = (one_of(null, "opt", "no"), one_of(sandbox, "sent", "-"));
                    table.shapes.entry(shape).or_default().push(Field { name, kind, nullable, client, sent });
                }
                ["form", shape, name, kind, need, _, _] => {
                    let needed = one_of(need, "need", "opt");
                    table.forms.entry(shape).or_default().push(FormField { name, kind, needed });
                }
                ["call", name, method, path, scope, sends, data, _] => {
                    let empty = |cell: &'static str| if cell == "-" { "" } else { cell };
                    let calls = if name == "raw" { &mut table.raw } else { &mut table.calls };
                    calls.push(Call {
                        name: empty(name),
                        method,
                        path: long(path),
                        scope: empty(scope),
                        sends: empty(sends),
                        data: empty(data),
                    });
                }
                ["query", call, name, _, _] => {
                    table.queries.entry(call).or_default().insert(name);
                }
                ["sort", "orders", name, _] => {
                    table.sorts.insert(name);
                }
                ["scope", name, _] => {
                    table.scopes.insert(name);
                }
                _ => panic!("not a line of the table: {line}"),
            }
        }
        table
    }
}

fn one_of(cell: &str, yes: &str, no: &str) -> bool {
    assert!(cell == yes || cell == no, "{cell} is neither {yes} nor {no}");
    cell == yes
}

/// A path with its abbreviations written out.
fn long(path: &str) -> String {
    const STORE: &str = "/stores/{store}";
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let first = match first {
        "" => return path.to_owned(),
        "S" => STORE.to_owned(),
        "P" => format!("{STORE}/products/{{product}}"),
        "V" => format!("{STORE}/products/{{product}}/variants/{{variant}}"),
        "O" => format!("{STORE}/orders/{{order}}"),
        _ => panic!("{path}"),
    };
    if rest.is_empty() { first } else { format!("{first}/{rest}") }
}

#[test]
fn every_shape_that_is_named_is_in_the_table_and_every_scope_is_known() {
    let plain = ["", "str", "uuid", "int", "num", "limit", "bool", "time", "map", "any", "csv", "multipart image"];
    let known = |kind: &str| {
        let kind = kind.strip_suffix("[]").or(kind.strip_suffix(" page")).unwrap_or(kind);
        plain.contains(&kind) || TABLE.shapes.contains_key(kind) || TABLE.forms.contains_key(kind)
    };
    for (shape, fields) in &TABLE.shapes {
        for field in fields {
            assert!(known(field.kind), "{shape}.{}: {}", field.name, field.kind);
        }
        assert_eq!(fields.iter().map(|field| field.name).collect::<BTreeSet<_>>().len(), fields.len(), "{shape}");
    }
    for call in TABLE.calls.iter().chain(&TABLE.raw) {
        assert!(known(call.data) && known(call.sends), "{call:?}");
        assert!(call.scope.is_empty() || TABLE.scopes.contains(call.scope), "{call:?}");
    }
}

/// The model and the sandbox leave out whatever only raw calls carry, so that a mark that is wrong does not go unnoticed.
#[test]
fn what_is_raw_has_no_model_and_no_typed_filter() {
    let own = |call: &Call| call.data.strip_suffix("[]").or(call.data.strip_suffix(" page")).unwrap_or(call.data);
    let typed: BTreeSet<_> = TABLE.calls.iter().map(own).collect();
    let raw: BTreeSet<_> = TABLE.raw.iter().map(own).filter(|shape| !shape.is_empty()).collect();
    assert_eq!(raw.len(), 5, "{raw:?}");
    for shape in raw.difference(&typed) {
        for field in &TABLE.shapes[shape] {
            assert!(field.client == Client::LeavesOut && !field.sent, "{shape}.{}", field.name);
        }
    }
    let untyped = TABLE.calls.iter().filter(|call| call.name.is_empty()).chain(&TABLE.raw);
    let words = untyped.map(|call| call.path.rsplit('/').next().unwrap());
    let lists: BTreeSet<_> = TABLE.calls.iter().map(|call| call.name).chain(words).collect();
    assert!(TABLE.queries.keys().all(|list| lists.contains(list)), "{:?} {lists:?}", TABLE.queries.keys());
}

#[test]
fn the_scopes_of_the_crate_are_those_of_the_table() {
    let ours: BTreeSet<&str> = komerza_connect::api::scopes::ALL.iter().copied().collect();
    assert_eq!(ours, TABLE.scopes);
    assert_eq!(komerza_connect::api::scopes::ALL.len(), 53);
}
