//! A record that cannot be read is neither "not connected" nor in the way of a new one.

use crate::prelude::*;

#[tokio::test]
async fn t44_a_record_that_does_not_open_is_503_everywhere_and_is_deleted_by_a_new_connect_alone() {
    for (shop, browser) in in_both(|mode| Shop::live(mode, "alice")).await {
        assert_connected(&shop.connect(&browser, "code").await);
        let before = shop.shelf.snapshot();
        shop.shelf.all(Op::Load, Fate::Unreadable);
        assert_eq!(shop.key(&browser).await, Err(503));
        let status = browser.load(Load::typed(&format!("{SITE}/komerza/status"))).await;
        assert_eq!((status.last().status(), shop.watch.last_kind()), (503, Some(FailureKind::StoreUnavailable)));
        assert_eq!(shop.shelf.snapshot(), before);
        shop.shelf.mend();
        assert!(shop.key(&browser).await.is_ok());
    }
    // A new connect replaces it.
    for (shop, browser) in in_both(|mode| Shop::live(mode, "alice")).await {
        assert_connected(&shop.connect(&browser, "first").await);
        shop.shelf.all(Op::Load, Fate::Unreadable);
        assert_connected(&shop.connect(&browser, "second").await);
        shop.shelf.mend();
        assert_eq!(shop.key(&browser).await.unwrap(), "obviously-fake-key-for-second");
    }
}
