//! Two tabs at once, finished in both orders.

use super::{
    Quickstart,
    connect::{ask, assert_connected},
    in_chromium, provider, report,
};

async fn two_tabs(second_first: bool) {
    in_chromium(move |chromium| async move {
        let sandbox = provider().await;
        let app = Quickstart::start(&sandbox).await;
        let one = chromium.this_tab().await;
        ask(&chromium, &app.url, &sandbox).await;
        let two = chromium.new_tab().await;
        ask(&chromium, &app.url, &sandbox).await;
        let order = if second_first { [&two, &one] } else { [&one, &two] };
        for tab in order {
            chromium.go_to_tab(tab).await;
            chromium.click("Approve", &app.url).await;
            assert_connected(&chromium).await;
        }
        assert_eq!(sandbox.exchanges(), 2);
        chromium.go_to_tab(order[0]).await;
        chromium.reload().await;
        assert_connected(&chromium).await;
        let which = if second_first { "second then first" } else { "first then second" };
        report("two tabs", &format!("{which}: both end connected, 2 exchanges, and the earlier tab still works"));
    })
    .await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_order_of_their_start_both_connect() {
    two_tabs(false).await;
}

#[cfg(feature = "servers")]
#[tokio::test]
#[ignore = "needs Chromium: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_other_order_both_connect() {
    two_tabs(true).await;
}
