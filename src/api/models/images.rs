//! The addresses of images, which Komerza names only by their files.

use super::Product;
use crate::config::with_segments;
use url::Url;

/// *Source*: public clients of 2026. Clients of 2025 use `https://user-generated-content.komerza.com/{name}`.
const IMAGES: &str = "https://cdn.komerza.com/stores";

impl Product {
    /// The URLs of the images, built as public programs did in 2026. Empty if the reply does not name the
    /// store.
    ///
    /// Komerza does not document these URLs. Show a placeholder if an image does not load.
    ///
    /// ```
    /// use komerza_connect::api::models::Product;
    ///
    /// let product: Product = serde_json::from_str(
    ///     r#"{"id":"p","storeId":"s","dateCreated":"2026-11-20T10:00:00Z","imageNames":["a b.png"]}"#,
    /// )?;
    /// assert_eq!(product.image_urls(), ["https://cdn.komerza.com/stores/s/products/p/a%20b.png"]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn image_urls(&self) -> Vec<String> {
        let Some(store) = &self.store_id else { return Vec::new() };
        let address = |name: &String| {
            let segments = [store.as_str(), "products", self.id.as_str(), name];
            Some(with_segments(&Url::parse(IMAGES).ok()?, &segments)?.into())
        };
        self.image_names.iter().filter_map(address).collect()
    }
}
