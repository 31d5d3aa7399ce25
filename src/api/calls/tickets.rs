//! Support tickets.

use super::InStore;
use crate::api::{Error, Listing, Ticket, TicketId, scopes};

impl InStore {
    /// The support tickets. Needs [`TICKETS_VIEW`](scopes::TICKETS_VIEW).
    pub fn tickets(&self) -> Listing<Ticket> {
        self.get("/stores/{}/tickets", &[], scopes::TICKETS_VIEW).paged()
    }

    /// One support ticket. Needs [`TICKETS_VIEW`](scopes::TICKETS_VIEW).
    ///
    /// # Errors
    /// Same as [`RequestBuilder::fetch`](crate::api::RequestBuilder::fetch).
    pub async fn ticket(&self, id: impl Into<TicketId>) -> Result<Ticket, Error> {
        self.get("/stores/{}/tickets/{}", &[id.into().as_str()], scopes::TICKETS_VIEW).fetch().await
    }
}
