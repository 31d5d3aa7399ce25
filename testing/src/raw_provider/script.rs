//! Which answer a request gets.

use super::{LoggedRequest, Reply, key_for_code};
use std::collections::{HashMap, VecDeque};

/// Answers by code, by path, by turn.
#[derive(Default)]
pub struct Script {
    pub close_unread: usize,
    pub codes_once: HashMap<Vec<u8>, VecDeque<Reply>>,
    pub paths_once: HashMap<String, VecDeque<Reply>>,
    pub next: VecDeque<Reply>,
    pub codes: HashMap<Vec<u8>, Reply>,
    pub paths: HashMap<String, Reply>,
    pub always: Option<Reply>,
}

impl Script {
    /// Whether the connection at hand is to be closed before a byte is read.
    pub fn closes_unread(&mut self) -> bool {
        let closes = self.close_unread > 0;
        self.close_unread = self.close_unread.saturating_sub(1);
        closes
    }

    /// Answers that are used once come first: by code, by path, next in turn. Then come the permanent ones in
    /// the same order, then the built-in one.
    pub fn answer_for(&mut self, request: &LoggedRequest) -> Reply {
        let code = request.code();
        let path = request.path();
        let reply = code
            .as_ref()
            .and_then(|code| self.codes_once.get_mut(code)?.pop_front())
            .or_else(|| self.paths_once.get_mut(path)?.pop_front())
            .or_else(|| self.next.pop_front())
            .or_else(|| self.codes.get(code.as_ref()?).cloned())
            .or_else(|| self.paths.get(path).cloned())
            .or_else(|| self.always.clone());
        match (reply, code) {
            (Some(reply), _) => reply.for_request(request),
            (None, Some(code)) => Reply::key(&key_for_code(code)),
            (None, None) => {
                Reply::envelope(404, &serde_json::json!({ "success": false, "message": "nothing scripted here" }))
            }
        }
    }
}
