//! Many tabs of one browser.

use crate::prelude::*;

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |at: usize| {
        let mut rest = items.to_vec();
        let first = rest.remove(at);
        permutations(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    (0..items.len()).flat_map(with_first).collect()
}

async fn finish_in(shop: &Shop, order: &[usize]) {
    let alice = shop.browser("alice");
    let mut tabs: Vec<Login> = Vec::new();
    for tab in 0..order.len() {
        let login = shop.start(&alice, &format!("/{tab}")).await;
        assert_eq!(login.hop.set_cookies().len(), 1, "a login says nothing about the cookies of the others");
        tabs.push(login);
    }
    assert_eq!(flow_cookies(&alice).iter().filter(|name| name.contains("-login-")).count(), tabs.len());
    let code = |tab: usize| format!("{order:?}{tab}").replace([' ', '[', ']'], "");
    for tab in order {
        shop.accepts(&alice, &tabs[*tab], &code(*tab), &format!("/{tab}")).await;
    }
    // Going back to any of them is harmless.
    let last = shop.key_seen_by(&alice).await;
    for (tab, login) in tabs.iter().enumerate() {
        let again = shop.return_to(&alice, &login.with(&code(tab))).await;
        assert_eq!(again.location(), Some(&*format!("/{tab}")), "{order:?}");
    }
    assert_eq!(shop.key_seen_by(&alice).await, last);
}

/// Three in each order, five in many.
#[tokio::test]
async fn t18_tabs_are_finished_in_every_order() {
    let (three, five) = (permutations(&[0, 1, 2]), permutations(&[0, 1, 2, 3, 4]));
    assert_eq!((three.len(), five.len()), (6, 120));
    for shop in in_both(Shop::new).await {
        for order in three.iter().chain(five.iter().step_by(13)).chain(five.last()) {
            finish_in(&shop, order).await;
        }
    }
}

#[tokio::test]
async fn five_tabs_at_once_all_work() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let paths = ["/0", "/1", "/2", "/3", "/4"];
        let start = |path| shop.start(&alice, path);
        let (a, b, c, d, e) =
            tokio::join!(start(paths[0]), start(paths[1]), start(paths[2]), start(paths[3]), start(paths[4]));
        assert_eq!(flow_cookies(&alice).len(), 5);
        let finish = |login: &Login, code: &str| {
            let load = shop.returning(&login.with(code));
            let alice = &alice;
            async move { alice.load(load).await.first().location().map(str::to_owned) }
        };
        let ends = tokio::join!(finish(&a, "A"), finish(&b, "B"), finish(&c, "C"), finish(&d, "D"), finish(&e, "E"));
        let ends = [ends.0, ends.1, ends.2, ends.3, ends.4];
        assert_eq!(ends.each_ref().map(|end| end.as_deref().unwrap()), paths);
        let key = shop.key_seen_by(&alice).await.unwrap();
        assert!(["A", "B", "C", "D", "E"].map(key_for_code).contains(&key));
    }
}

#[tokio::test]
async fn a_sixth_tab_drops_the_oldest_alone() {
    for (shop, alice) in in_both(|mode| Shop::with_browser(mode, "alice")).await {
        let mut tabs = Vec::new();
        for tab in 0..6 {
            tabs.push(shop.start(&alice, &format!("/{tab}")).await);
            shop.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(flow_cookies(&alice), tabs[1..].iter().map(|login| login.cookie.clone()).collect::<Vec<_>>());
        shop.refuses(&alice, &tabs[0].with("C0"), 400).await;
        for tab in [3, 5, 1, 2, 4] {
            shop.accepts(&alice, &tabs[tab], &format!("C{tab}"), &format!("/{tab}")).await;
        }
    }
}

#[tokio::test]
async fn what_has_expired_or_is_done_makes_room_before_what_is_still_good() {
    let shop = Shop::new(Mode::Users).await;
    // A browser that keeps cookies too long.
    let alice = shop.browser("alice").with_clock(|| SystemTime::UNIX_EPOCH);
    let expired = shop.start(&alice, "/old").await;
    shop.clock.advance(Duration::from_secs(601));
    let mut good = Vec::new();
    for _ in 0..4 {
        good.push(shop.start(&alice, "/x").await);
        shop.clock.advance(Duration::from_secs(1));
    }
    assert!(!flow_cookies(&alice).contains(&expired.cookie));
    assert_eq!(flow_cookies(&alice).len(), 4);
    // Done marks make room for logins.
    let (shop, alice) = Shop::with_browser(Mode::Users, "alice").await;
    for number in 0..5 {
        shop.connects(&alice, &format!("C{number}")).await;
        shop.clock.advance(Duration::from_secs(1));
    }
    let login = started(alice.hop(Load::link(SITE, LOGIN)).await);
    let kept = flow_cookies(&alice);
    assert_eq!((kept.len(), kept.iter().filter(|name| name.contains("-done-")).count()), (5, 4));
    assert!(kept.contains(&login.cookie));
}
