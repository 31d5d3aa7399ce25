//! Notices that the app's session layer is on the wrong side of this layer.
//!
//! A handler is asked who the user is after all layers ran; the routes of this layer are asked where the layer stands. The first
//! requests of a layer are asked both ways: once one of them finds a user, the answers are compared and the question is settled.

use super::extract::Found;
use crate::{
    config::message::messages,
    context::Context,
    site::caller::{Caller, Identity},
    telemetry::log,
};
use http::{Extensions, request::Parts};

messages! {
    LAYER_ORDER = "layer_order", "handlers know who is signed in, and the login, callback, disconnect and status routes do not",
        "Add the layer after your routes and before your session layer, which then runs first: `.layer(connect).layer(auth)`.";
    LAYER_ORDER_REVERSED = "layer_order_reversed",
        "the login, callback, disconnect and status routes know who is signed in, and handlers do not",
        "Look for a middleware between the layer and the handlers that takes the user out of the request.";
}

/// The extensions of a request as they came to the layer.
#[derive(Clone)]
struct Arrived(Extensions);

/// Keeps what the layer's own routes would have seen, as long as it is not known whether that is right.
pub(super) fn remember(context: &Context, extensions: &mut Extensions) {
    if matches!(context.identity, Identity::App(_)) && context.config.notices.compares() {
        let arrived = Arrived(extensions.clone());
        extensions.insert(arrived);
    }
}

/// Asks where the layer stands too, and says so when the answers differ.
pub(super) async fn compare(context: &Context, parts: &mut Parts, found: &Found) {
    let Some(Arrived(extensions)) = parts.extensions.remove::<Arrived>() else { return };
    if !context.config.notices.compares() {
        return;
    }
    let mut arrived = parts.clone();
    arrived.extensions = extensions;
    let at_layer = matches!(context.identify(&mut arrived).await, Ok(Caller::User(_)));
    let at_handler = !matches!(found, Found::Nobody);
    let message = match (at_layer, at_handler) {
        (true, true) => return context.config.notices.compared(true),
        (false, false) => return context.config.notices.compared(false),
        (false, true) => &LAYER_ORDER,
        (true, false) => &LAYER_ORDER_REVERSED,
    };
    context.config.notices.compared(true);
    if context.config.notices.first(4) {
        log::error!(code = message.code, "{}", format_args!("{}. {}", message.text, message.remedy));
    }
}
