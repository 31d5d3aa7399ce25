//! What removes a record when the provider refuses a key, and what does not.

use crate::prelude::*;

async fn client(shop: &Shop) -> KomerzaKey {
    shop.layer.client_for(&user("alice")).await.unwrap().unwrap()
}

#[tokio::test]
async fn t50_a_late_401_for_an_old_key_leaves_the_new_one() {
    // The provider may hand out the very same key text again: the version tells the saves apart.
    for new_key in [key_for_code("new"), key_for_code("old")] {
        let (shop, browser) = Shop::live(Mode::Users, "alice").await;
        shop.provider.on_code("new", Reply::key(&new_key));
        assert_connected(&shop.connect(&browser, "old").await);
        let old = client(&shop).await;
        let gate = Gate::closed();
        shop.provider.on_path("/echo", Reply::error(401, "BadToken").held_by(&gate));
        let late = async { old.get("/echo").fetch::<String>().await.unwrap_err() };
        let reconnect = async {
            shop.provider.wait_for_requests(2).await;
            assert_connected(&shop.connect(&browser, "new").await);
            gate.open();
        };
        let (error, ()) = tokio::join!(late, reconnect);
        assert_eq!(error.kind(), ErrorKind::KeyRevoked);
        assert_eq!(shop.shelf.key_of("alice"), Some(new_key));
        assert!(shop.watch.count(Hook::Revoked) == 0);
    }
}

#[tokio::test]
async fn t50_the_app_is_told_once_that_a_key_is_dead() {
    let shop = Shop::builder(Mode::Users).open().await;
    assert_connected(&shop.connect(&shop.browser("alice"), "code").await);
    let client = client(&shop).await;
    shop.provider.on_path("/dead", Reply::error(401, "BadToken"));
    for _ in 0..2 {
        assert_eq!(client.get("/dead").fetch::<String>().await.unwrap_err().kind(), ErrorKind::KeyRevoked);
        assert_eq!(shop.shelf.key_of("alice"), None);
    }
    assert_eq!(shop.watch.count(Hook::Revoked), 1);
}
