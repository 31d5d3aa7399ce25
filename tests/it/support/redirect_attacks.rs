//! Attempts to leave the site by `return_to`, and an oracle that knows when one has succeeded.

use url::Url;

/// A page of the crate on the site that the attempts try to leave.
const BASE: &str = "https://shop.example/komerza/login";

/// Whether a browser that gets this `Location` at [`BASE`] stays on the site: by the URL standard, as browsers do.
pub(crate) fn stays_on_site(path: &str) -> bool {
    let base = Url::parse(BASE).unwrap();
    path.starts_with('/') && base.join(path).is_ok_and(|target| target.origin() == base.origin())
}
