//! A key with every scope for a store of the sandbox, and short ways to use it.

use super::*;

pub(super) struct Shop {
    pub(super) sandbox: Sandbox,
    pub(super) key: String,
    pub(super) store: String,
}

impl Shop {
    /// The second store, which sells license keys.
    pub(super) async fn open() -> Self {
        let sandbox = builder().scopes(komerza_connect::api::scopes::ALL.iter().copied()).start().await.unwrap();
        let (key, store) = (sandbox.issue_key().unwrap(), sandbox.store_ids(0)[1].clone());
        Self { sandbox, key, store }
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        get(&self.sandbox, &self.key, &format!("/stores/{}{path}", self.store)).await
    }

    pub(super) async fn data(&self, path: &str) -> Value {
        let (status, mut body) = self.get(path).await;
        assert_eq!((status, &body["success"]), (200, &true.into()), "{path}");
        body["data"].take()
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = call(&self.sandbox, &self.key, method, &format!("/stores/{}{path}", self.store));
        let request = request.header("content-type", "application/json").body(body.to_string());
        read(request.send().await.unwrap()).await
    }
}

/// Names of its fields, in order.
pub(super) fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
