//! JSON objects kept in lists: finding, showing in part, changing from a form.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::header;
use serde_json::{Map, Value};

use crate::envelope::Refusal;

pub(super) fn find<'o>(objects: &'o [Value], id: &str, what: &str) -> Result<&'o Value, Refusal> {
    objects.iter().find(|object| has_id(object, id)).ok_or_else(|| Refusal::not_found(what))
}

pub(super) fn find_mut<'o>(objects: &'o mut [Value], id: &str, what: &str) -> Result<&'o mut Value, Refusal> {
    objects.iter_mut().find(|object| has_id(object, id)).ok_or_else(|| Refusal::not_found(what))
}

pub(super) fn remove(objects: &mut Vec<Value>, id: &str, what: &str) -> Result<Value, Refusal> {
    let place = objects.iter().position(|object| has_id(object, id)).ok_or_else(|| Refusal::not_found(what))?;
    Ok(objects.remove(place))
}

fn has_id(object: &Value, id: &str) -> bool {
    object.get("id").is_some_and(|known| known == id)
}

/// The object with only these fields. Their names are separated by spaces.
pub(super) fn pick(object: &Value, fields: &str) -> Value {
    let field = |name: &str| Some((name.to_owned(), object.get(name)?.clone()));
    fields.split_whitespace().filter_map(field).collect::<Map<_, _>>().into()
}

/// The object without these fields.
pub(super) fn without(object: &Value, fields: &str) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.retain(|name, _| !fields.split_whitespace().any(|field| field == name));
    }
    object
}

/// A JSON object that a client sent.
pub(super) struct Form(Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.trim_start().to_ascii_lowercase().starts_with("application/json") {
            return Err(Refusal::invalid("The body must be JSON, and its Content-Type application/json."));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|_| Refusal::invalid("The body cannot be read."))?;
        serde_json::from_slice(&body)
            .map(Self)
            .map_err(|error| Refusal::invalid(format!("The body is no JSON object: {error}.")))
    }
}

impl Form {
    pub(super) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }

    /// A text of this many characters.
    pub(super) fn text(&self, field: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<&str, Refusal> {
        let text = self
            .get(field)
            .and_then(Value::as_str)
            .ok_or_else(|| Refusal::invalid(format!("{field} must be a text.")))?;
        if lengths.contains(&text.chars().count()) {
            Ok(text)
        } else {
            let (least, most) = lengths.into_inner();
            Err(Refusal::invalid(format!("{field} must have {least} to {most} characters.")))
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self, field: &str) -> Result<Vec<String>, Refusal> {
        let texts = self.get(field).and_then(Value::as_array);
        let texts = texts.and_then(|texts| texts.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.ok_or_else(|| Refusal::invalid(format!("{field} must be a list of texts.")))
    }

    /// Copies every field that the object also has, except those that no client may set.
    pub(super) fn apply_to(&self, object: &mut Value) {
        const FIXED: [&str; 5] = ["id", "dateCreated", "storeId", "userId", "variants"];
        let Some(fields) = object.as_object_mut() else { return };
        for (name, value) in self.0.iter().filter(|(name, _)| !FIXED.contains(&name.as_str())) {
            if let Some(field) = fields.get_mut(name) {
                field.clone_from(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde_json::json;

    use super::*;

    async fn form(kind: &str, body: &'static str) -> Result<Form, Refusal> {
        let request = Request::builder().header("content-type", kind).body(Body::from(body)).unwrap();
        Form::from_request(request, &()).await
    }

    #[tokio::test]
    async fn a_form_is_a_json_object_labelled_as_json() {
        assert_eq!(
            form("application/json; charset=utf-8", r#"{"a":"xy"}"#).await.ok().unwrap().text("a", 1..=2),
            Ok("xy")
        );
        for (kind, body) in [("text/plain", "{}"), ("application/json", "[]"), ("application/json", "{"), ("", "{}")] {
            assert_eq!(form(kind, body).await.err().unwrap().status, 400, "{kind} {body}");
        }
    }

    #[tokio::test]
    async fn fields_of_the_wrong_kind_are_invalid() {
        let form = form("application/json", r#"{"a":1,"b":"xyz","c":["x",1],"d":null}"#).await.ok().unwrap();
        assert!(form.text("a", 0..=9).is_err() && form.text("b", 0..=2).is_err() && form.text("none", 0..=9).is_err());
        assert!(form.texts("c").is_err() && form.texts("b").is_err());
        assert!(form.get("d").is_none());
    }

    #[tokio::test]
    async fn a_form_changes_known_fields_and_no_ids() {
        let mut object = json!({ "id": 1, "name": "old", "variants": [] });
        let form =
            form("application/json", r#"{"id":2,"name":"new","variants":[1],"color":"red"}"#).await.ok().unwrap();
        form.apply_to(&mut object);
        assert_eq!(object, json!({ "id": 1, "name": "new", "variants": [] }));
    }

    #[test]
    fn objects_are_found_shown_in_part_and_removed() {
        let mut objects = vec![json!({ "id": "1", "a": 1, "b": 2 }), json!({ "id": "2" })];
        assert_eq!(pick(find(&objects, "1", "thing").unwrap(), "a c"), json!({ "a": 1 }));
        assert_eq!(without(&objects[0], "a"), json!({ "id": "1", "b": 2 }));
        assert_eq!(find(&objects, "3", "thing").unwrap_err().status, 404);
        assert!(find_mut(&mut objects, "2", "thing").is_ok());
        assert_eq!(remove(&mut objects, "1", "thing").unwrap()["a"], 1);
        assert_eq!(remove(&mut objects, "1", "thing").unwrap_err().status, 404);
    }
}
