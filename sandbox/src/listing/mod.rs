//! Lists: filter, sort, cut into pages. Pure functions over rows.
//!
//! Names in the query are matched without regard to case, as ASP.NET does; the provider's own pages spell
//! them in two ways. The rules that follow are our choice, because they are not documented. A page has 20
//! items unless the query asks for another number. A page larger than
//! [`Switches::max_page_size`](super::Switches::max_page_size) is cut down to that size. Page 0 is invalid,
//! and a page past the end is empty.

mod filter;

use std::cmp::Ordering;

use serde_json::Value;
use url::form_urlencoded;

use self::filter::Condition;
use super::envelope::{Refusal, Reply};
use super::switches::Switches;

const DEFAULT_PAGE_SIZE: usize = 20;

/// One item of a list.
pub(super) trait Row {
    /// A field by its JSON name; null when there is none.
    fn field(&self, name: &str) -> Value;
}

impl Row for Value {
    fn field(&self, name: &str) -> Value {
        self.get(name).cloned().unwrap_or_default()
    }
}

impl<T: Row> Row for &T {
    fn field(&self, name: &str) -> Value {
        (*self).field(name)
    }
}

/// An object with one field that is computed and not stored.
pub(super) struct Reckoned<'o> {
    pub(super) object: &'o Value,
    pub(super) name: &'static str,
    pub(super) value: Value,
}

impl Row for Reckoned<'_> {
    fn field(&self, name: &str) -> Value {
        if name == self.name { self.value.clone() } else { self.object.field(name) }
    }
}

/// Names that `Filters`, `Sorts` and single parameters may use, each with the field behind it.
pub(super) type Filterable = &'static [(&'static str, &'static str)];

/// What a query asks of a list.
#[derive(Debug)]
pub(super) struct ListQuery {
    page: usize,
    size: usize,
    conditions: Vec<Condition>,
    /// The field, and whether the order is descending.
    order: Vec<(&'static str, bool)>,
}

impl ListQuery {
    pub(super) fn parse(query: &str, names: Filterable) -> Result<Self, Refusal> {
        let mut list = Self { page: 1, size: DEFAULT_PAGE_SIZE, conditions: Vec::new(), order: Vec::new() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.to_ascii_lowercase().as_str() {
                "page" => list.page = positive("Page", &value)?,
                "pagesize" => list.size = positive("PageSize", &value)?,
                "filters" => list.conditions.extend(filter::parse(&value, names)?),
                "sorts" => list.order.extend(sorts(&value, names)?),
                // A parameter with the name of a filter means this filter with `==`. Other parameters are
                // ignored.
                _ => list.conditions.extend(filter::single(&name, &value, names)),
            }
        }
        Ok(list)
    }

    /// A list whose page is in the path, and whose size may be in a parameter called `size_name`.
    pub(super) fn in_path(page: &str, query: &str, size_name: &str) -> Result<Self, Refusal> {
        let size = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name.eq_ignore_ascii_case(size_name));
        let size = size.map_or(Ok(DEFAULT_PAGE_SIZE), |(name, value)| positive(&name, &value))?;
        Ok(Self { page: positive("page", page)?, size, conditions: Vec::new(), order: Vec::new() })
    }

    /// The page asked for, with each of its rows as `view` shows it.
    pub(super) fn page<R: Row>(
        &self,
        rows: impl IntoIterator<Item = R>,
        switches: &Switches,
        view: impl Fn(R) -> Value,
    ) -> Reply {
        let mut rows: Vec<R> =
            rows.into_iter().filter(|row| self.conditions.iter().all(|condition| condition.holds(row))).collect();
        if !self.order.is_empty() {
            rows.sort_by(|a, b| self.compare(a, b));
        }
        let size = self.size.min(switches.max_page_size.max(1));
        let pages = if rows.is_empty() { switches.pages_of_empty_list } else { rows.len().div_ceil(size) };
        let skipped = self.page.saturating_sub(1).saturating_mul(size);
        Reply::Page { pages, items: rows.into_iter().skip(skipped).take(size).map(view).collect() }
    }

    fn compare(&self, a: &impl Row, b: &impl Row) -> Ordering {
        let orders = self.order.iter().map(|(field, descending)| {
            let order = filter::compare(&a.field(field), &b.field(field));
            if *descending { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

fn positive(name: &str, value: &str) -> Result<usize, Refusal> {
    match value.parse::<i32>().ok().and_then(|number| usize::try_from(number).ok()) {
        Some(number) if number > 0 => Ok(number),
        _ => Err(Refusal::invalid(format!("{name} must be a whole number from 1 to {}.", i32::MAX))),
    }
}

fn sorts(text: &str, names: Filterable) -> Result<Vec<(&'static str, bool)>, Refusal> {
    let sort = |part: &str| {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        Ok((filter::field(name, names)?, descending))
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(sort).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: Filterable = &[("status", "status"), ("dateFrom", "dateCreated"), ("dateTo", "dateCreated")];

    fn rows(count: usize) -> Vec<Value> {
        (1..=count).map(|id| json!({ "id": id, "status": if id % 2 == 0 { "even" } else { "odd" } })).collect()
    }

    fn page(query: &str, count: usize) -> (usize, Vec<u64>) {
        let list = ListQuery::parse(query, NAMES).unwrap();
        match list.page(&rows(count), &Switches::default(), Value::clone) {
            Reply::Page { pages, items } => (pages, items.iter().map(|item| item["id"].as_u64().unwrap()).collect()),
            other => panic!("{other:?} is no page"),
        }
    }

    #[test]
    fn pages_are_counted_from_one_and_the_last_may_be_short() {
        assert_eq!(page("Page=1&PageSize=3", 7), (3, vec![1, 2, 3]));
        assert_eq!(page("page=3&pagesize=3", 7), (3, vec![7]));
        assert_eq!(page("Page=4&PageSize=3", 7), (3, vec![]));
        assert_eq!(page("PageSize=7", 7), (1, vec![1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(page("", 21), (2, (1..=20).collect()));
        assert_eq!(page("Page=2147483647&PageSize=2147483647", 3), (1, vec![]));
    }

    #[test]
    fn an_empty_list_has_no_pages_unless_switched() {
        assert_eq!(page("", 0), (0, vec![]));
        let switches = Switches { pages_of_empty_list: 1, ..Switches::default() };
        let list = ListQuery::parse("", NAMES).unwrap();
        assert_eq!(list.page(rows(0), &switches, |row| row), Reply::Page { pages: 1, items: vec![] });
    }

    #[test]
    fn a_page_is_never_larger_than_the_limit() {
        assert_eq!(page("PageSize=1000", 250).1.len(), 100);
        assert_eq!(page("PageSize=1000&Page=3", 250), (3, (201..=250).collect()));
    }

    #[test]
    fn zero_and_nonsense_are_invalid() {
        for query in ["Page=0", "Page=-1", "PageSize=0", "Page=x", "Page=", "PageSize=2147483648", "Sorts=nothing"] {
            assert_eq!(ListQuery::parse(query, NAMES).unwrap_err().status, 400, "{query}");
        }
    }

    #[test]
    fn filters_and_single_parameters_select_and_sorts_order() {
        assert_eq!(page("Filters=status%3D%3Deven", 6), (1, vec![2, 4, 6]));
        assert_eq!(page("status=odd", 6), (1, vec![1, 3, 5]));
        assert_eq!(page("Sorts=-status", 4), (1, vec![1, 3, 2, 4]));
        assert_eq!(page("Sorts=status", 4), (1, vec![2, 4, 1, 3]));
    }

    #[test]
    fn a_page_in_the_path_has_its_size_in_a_parameter() {
        let list = ListQuery::in_path("2", "limit=2", "limit").unwrap();
        let reply = list.page(rows(5), &Switches::default(), |row| row["id"].clone());
        assert_eq!(reply, Reply::Page { pages: 3, items: vec![json!(3), json!(4)] });
        assert!(ListQuery::in_path("0", "", "limit").is_err());
        assert!(ListQuery::in_path("1", "count=0", "count").is_err());
    }
}
