//! Two tabs at once, finished in both orders.

use super::{
    Quickstart,
    connect::{ask, assert_connected},
    scenario,
    table::Visit,
};

async fn two_tabs(visit: Visit, second_first: bool) -> String {
    let browser = &visit.browser;
    let sandbox = visit.provider().await;
    let app = Quickstart::start(&visit, &sandbox).await;
    let one = browser.this_tab().await;
    ask(browser, &app.url, &sandbox).await;
    let two = browser.new_tab().await;
    ask(browser, &app.url, &sandbox).await;
    let order = if second_first { [&two, &one] } else { [&one, &two] };
    for tab in order {
        browser.go_to_tab(tab).await;
        browser.click("Approve", &app.url).await;
        assert_connected(browser).await;
    }
    assert_eq!(sandbox.exchanges(), 2);
    browser.go_to_tab(order[0]).await;
    browser.reload().await;
    assert_connected(browser).await;
    "both end connected, 2 exchanges, and the earlier tab still works".into()
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_order_of_their_start_both_connect() {
    scenario("two tabs, first then second").run(|visit| two_tabs(visit, false)).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_other_order_both_connect() {
    scenario("two tabs, second then first").run(|visit| two_tabs(visit, true)).await;
}
