//! More than one process of the same app.

use crate::prelude::*;

#[tokio::test]
async fn t57_a_login_begun_on_one_node_is_finished_on_another() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let (one, two) = (shop.start(&alice, "/1").await, shop.start(&alice, "/2").await);
        let other = app(&shop.another_node(|config| config));
        alice.move_to(SITE, other.clone());
        shop.accepts(&alice, &one, "C1", "/1").await;
        // And back: the done mark, the session and the key are known at home too.
        alice.move_to(SITE, app(&shop.layer));
        let again = shop.return_to(&alice, &one.with("C1")).await;
        assert_eq!((again.status(), again.location(), shop.exchanges_of("C1")), (303, Some("/1"), 1));
        shop.accepts(&alice, &two, "C2", "/2").await;
        alice.move_to(SITE, other);
        let status = alice.load(Load::typed(STATUS)).await.last().json();
        assert_eq!(status["connected"], true);
        // A node with another client secret and no keys knows nothing.
        let login = shop.start(&alice, "/x").await;
        let secret = format!("obviously-fake-other-{}", "1".repeat(51));
        alice.move_to(SITE, app(&shop.another_node(|config| config.client_secret(secret))));
        shop.refuses(&alice, &login.with("C3"), 400).await;
    }
}
