//! Two tabs at once, finished in both orders.

use super::*;

async fn two_tabs(browser: Visit, second_first: bool) -> String {
    let sandbox = browser.provider().await;
    let app = Quickstart::start(&browser, &sandbox).await;
    let one = browser.this_tab().await;
    ask(&browser, &app.url, &sandbox).await;
    let two = browser.new_tab().await;
    ask(&browser, &app.url, &sandbox).await;
    let order = if second_first { [&two, &one] } else { [&one, &two] };
    for tab in order {
        browser.go_to_tab(tab).await;
        browser.click("Approve", &app.url).await;
        assert_connected(&browser).await;
    }
    assert_eq!(sandbox.exchanges(), 2);
    browser.go_to_tab(order[0]).await;
    browser.reload().await;
    assert_connected(&browser).await;
    "both end connected, 2 exchanges, and the earlier tab still works".into()
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_order_of_their_start_both_connect() {
    scenario("two tabs, first then second").run(|browser| two_tabs(browser, false)).await;
}

#[tokio::test]
#[ignore = "needs browsers and proxies: run .ci/browser"]
async fn t18_two_tabs_finished_in_the_other_order_both_connect() {
    scenario("two tabs, second then first").run(|browser| two_tabs(browser, true)).await;
}
