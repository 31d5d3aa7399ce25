//! Notices that the app's session layer is on the wrong side of this layer, or that there are two of this layer. It
//! decides nothing.
//!
//! Handlers look the user up after all layers have run, and the routes of this layer where the layer stands. If the
//! results for the same cookies differ, one of the two requests did not pass the session layer.

use super::caller::Caller;
use crate::{
    config::{Config, Message, Place, message::messages},
    core::Core,
    telemetry::log,
};
use http::HeaderMap;

messages! {
    LAYER_ORDER = "layer_order", "handlers know who is signed in, and the login and status routes do not",
        "Add the layer after your routes and before your session layer, which then runs first: `.layer(connect).layer(auth)`.";
    LAYER_ORDER_REVERSED = "layer_order_reversed", "the login and status routes know who is signed in, and handlers do not",
        "Put handlers and routes behind the same session layer; look for a middleware that takes the user out of the request.";
    TWO_LAYERS = "two_layers", "two layers have the same redirect URI: the outer one saves the keys, and handlers ask the inner one",
        "Make one layer and add it once. If parts of the app need it separately, add clones of that one.";
}

/// Compares what one place found with what the other found for the same cookies, and says so once when they
/// differ.
pub(crate) fn notice(config: &Config, place: Place, headers: &HeaderMap, caller: &Caller) {
    let user = match caller {
        Caller::User(_) => true,
        Caller::Nobody => false,
        Caller::Browser(_) => return,
    };
    let message = match config.notices.differs(place, headers, user) {
        None => return,
        Some(Place::Handler) => &LAYER_ORDER,
        Some(Place::Route) => &LAYER_ORDER_REVERSED,
    };
    if config.notices.first(4) {
        say(message);
    }
}

/// Whether the layer that a request came through before and the one that it reaches now are two for one redirect URI.
/// With two stores a visitor would connect again and again.
pub(crate) fn are_two_layers(outer: &Core, inner: &Core) -> bool {
    let same_uri = outer.config.redirect_uri.text == inner.config.redirect_uri.text;
    let two = same_uri && !std::ptr::addr_eq(outer.store(), inner.store());
    if two && inner.config.notices.first(8) {
        say(&TWO_LAYERS);
    }
    two
}

fn say(message: &Message) {
    log::error!(code = message.code, "{}", format_args!("{}. {}", message.text, message.remedy));
}
