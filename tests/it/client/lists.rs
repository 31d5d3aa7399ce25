//! Lists: where they end, what is fetched ahead, and what ends with them.

use super::*;
use futures_core::Stream;
use komerza_connect::api::Listing;

/// How a list is asked for its pages.
#[derive(Debug, Clone, Copy)]
enum Convention {
    Query,
    Path,
}

impl Convention {
    fn list(self, key: &KomerzaKey) -> Listing<u32> {
        match self {
            Self::Query => key.get("/things").paged(),
            Self::Path => key.get("/things").paged_by_path("count"),
        }
    }
}

/// A provider of lists: page by page, as many items each, with what it tells of the number of pages.
async fn lists(pages: Vec<(usize, Option<u32>)>) -> (RawProvider, KomerzaKey) {
    let provider = RawProvider::start().await;
    provider.always(Reply::from_fn(move |request| {
        let query = request.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("Page="));
        let number: usize = query.or_else(|| request.path().rsplit('/').next()).unwrap().parse().unwrap();
        let (count, told) = pages.get(number - 1).copied().unwrap_or((0, Some(pages.len() as u32)));
        let items: Vec<Value> = (0..count).map(|at| json!(number * 1_000 + at)).collect();
        Reply::envelope(
            200,
            &match told {
                Some(told) => json!({"success": true, "pages": told, "data": items}),
                None => json!({"success": true, "data": items}),
            },
        )
    }));
    let app = App::at(&provider.url(), |limits| limits.client.bucket.period = Duration::ZERO);
    let key = app.key("obviously-fake-key").await;
    (provider, key)
}

/// Lets everything happen that would happen by itself: what is sent without being asked for arrives meanwhile.
async fn settle() {
    for _ in 0..2_000 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_further() {
    for (pages, items, calls) in [
        (vec![], 0, 1),
        (vec![(0, Some(0))], 0, 1),
        (vec![(0, Some(1))], 0, 1),
        (vec![(3, Some(1))], 3, 1),
        (vec![(3, Some(0))], 3, 1),
        (vec![(3, Some(3)), (3, Some(3)), (1, Some(3))], 7, 3),
        (vec![(3, Some(4)), (3, Some(2)), (9, Some(2))], 6, 2),
        (vec![(3, Some(4)), (0, Some(1))], 3, 2),
        (vec![(3, Some(1)), (9, Some(1))], 3, 1),
        (vec![(3, Some(2)), (3, Some(3)), (3, Some(3))], 9, 3),
        (vec![(3, None), (3, None), (2, None), (9, None)], 8, 3),
        (vec![(3, None), (0, None), (9, None)], 3, 2),
        (vec![(2, Some(3)), (3, Some(3)), (3, Some(3))], 8, 3),
    ] {
        for (convention, prefetch) in
            [(Convention::Query, false), (Convention::Query, true), (Convention::Path, false), (Convention::Path, true)]
        {
            let (provider, key) = lists(pages.clone()).await;
            let mut listing = convention.list(&key);
            if prefetch {
                listing = listing.prefetch();
            }
            let all = listing.all().await.unwrap();
            let seen = (all.len(), provider.requests().len());
            assert_eq!(seen, (items, calls), "{pages:?} {convention:?} {prefetch}");
            assert!(all.is_sorted(), "in order");
        }
    }
}

#[tokio::test]
async fn a_provider_that_repeats_a_page_for_ever_is_not_believed() {
    let (provider, key) = provided(|_| {}).await;
    provider.always(Reply::success(&json!([1, 2, 3])));
    assert_eq!(key.get("/things").paged::<u32>().all().await.unwrap(), [1, 2, 3]);
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn one_page_at_most_is_fetched_ahead_of_the_one_in_use_and_none_unasked() {
    for (prefetch, ahead) in [(false, 0), (true, 1)] {
        let (provider, key) = lists(vec![(2, Some(6)); 6]).await;
        let listing = Convention::Query.list(&key);
        let mut pages = if prefetch { listing.prefetch() } else { listing }.pages();
        settle().await;
        assert!(provider.requests().is_empty(), "nothing is sent before it is polled");
        for number in 1..=6 {
            assert_eq!(pages.next().await.unwrap().unwrap().number, number as u32);
            let asked = (number + ahead).min(6);
            provider.wait_for_requests(asked).await;
            settle().await;
            assert_eq!(provider.requests().len(), asked, "page {number} is in use");
        }
        assert!(pages.next().await.is_none());
        assert_eq!(provider.requests().len(), 6);
    }
}

/// What the app's own type says when it panics may quote what was read.
#[tokio::test]
async fn t43_a_panic_in_a_page_that_is_fetched_ahead_goes_on_in_the_caller() {
    #[derive(Debug, serde::Deserialize)]
    struct Panics(#[serde(deserialize_with = "panics")] ());
    fn panics<'de, D: serde::Deserializer<'de>>(from: D) -> Result<(), D::Error> {
        let text: &str = serde::Deserialize::deserialize(from)?;
        assert!(text == "good", "{text}");
        Ok(())
    }
    let (provider, key) = provided(|_| {}).await;
    provider.next(Reply::envelope(200, &json!({"success": true, "pages": 2, "data": ["good"]})));
    provider.always(Reply::success(&json!(["obviously-fake-value"])));
    let mut pages = key.get("/things").paged::<Panics>().prefetch().pages();
    assert_eq!(pages.next().await.unwrap().unwrap().items.len(), 1);
    let read = tokio::spawn(async move { pages.next().await.map(|page| page.map(|page| page.items.len())) });
    assert!(read.await.unwrap_err().is_panic());
}

#[tokio::test]
async fn items_are_taken_from_one_page_while_the_next_is_on_its_way() {
    let (provider, key) = lists(vec![(3, Some(2)); 2]).await;
    let gate = Gate::closed();
    let mut items = Convention::Query.list(&key).prefetch().items();
    provider.on_path_once("/things", Reply::envelope(200, &json!({"success": true, "pages": 2, "data": [1, 2, 3]})));
    let second = json!({"success": true, "pages": 2, "data": [4]});
    provider.on_path_once("/things", Reply::envelope(200, &second).held_by(&gate));
    for expected in 1..=3 {
        assert_eq!(items.next().await.unwrap().unwrap(), expected);
    }
    assert_eq!(items.next_page(), Some(2));
    provider.wait_for_requests(2).await;
    let pending = poll_fn(|task| Poll::Ready(Pin::new(&mut items).poll_next(task).is_pending())).await;
    assert!(pending, "the next page is held back");
    gate.open();
    assert_eq!(items.next().await.unwrap().unwrap(), 4);
    assert!(items.next().await.is_none());
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_stream_that_is_dropped_ends_the_call_that_it_has_under_way() {
    for prefetch in [false, true] {
        let (provider, key) = lists(vec![(2, Some(6)); 6]).await;
        let listing = Convention::Query.list(&key);
        let mut items = if prefetch { listing.prefetch() } else { listing }.items();
        assert_eq!(items.next().await.unwrap().unwrap(), 1_000);
        if prefetch {
            // The one that is ahead will be answered; it is the one behind it that hangs.
            provider.wait_for_requests(2).await;
        }
        provider.always(Reply::raw("").held_by(&Gate::closed()));
        let waits = async {
            while let Some(item) = items.next().await {
                item.unwrap();
            }
        };
        let hangs = provider.wait_for_requests(if prefetch { 3 } else { 2 });
        tokio::select! {
            () = waits => panic!("the list ended although a page of it hangs"),
            () = hangs => {}
        }
        drop(items);
        provider.wait_for_abandoned(1).await;
        settle().await;
        assert_eq!(provider.requests().len(), if prefetch { 3 } else { 2 }, "nothing is asked for any more");
    }
}

#[tokio::test]
async fn a_page_that_is_fetched_ahead_ends_with_the_stream_though_nobody_waits_for_it() {
    let (provider, key) = lists(vec![(2, Some(6)); 6]).await;
    let first = json!({"success": true, "pages": 6, "data": [1, 2]});
    provider.on_path_once("/things", Reply::envelope(200, &first));
    provider.on_path_once("/things", Reply::raw("").held_by(&Gate::closed()));
    let mut pages = Convention::Query.list(&key).prefetch().pages();
    assert_eq!(pages.next().await.unwrap().unwrap().items, [1, 2]);
    provider.wait_for_requests(2).await;
    drop(pages);
    provider.wait_for_abandoned(1).await;
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn an_error_ends_a_stream_which_can_be_taken_up_where_it_broke() {
    for prefetch in [false, true] {
        let (provider, key) = lists(vec![(2, Some(3)); 3]).await;
        let first = json!({"success": true, "pages": 3, "data": [1_000, 1_001]});
        provider.on_path_once("/things", Reply::envelope(200, &first));
        provider.on_path_once("/things", Reply::error(400, "ValidationError"));
        let listing = key.get("/things").paged::<u32>().page_size(2);
        let mut pages = if prefetch { listing.prefetch() } else { listing }.pages();
        assert_eq!(pages.next().await.unwrap().unwrap().items, [1_000, 1_001]);
        assert_eq!(pages.next().await.unwrap().unwrap_err().kind(), ErrorKind::Validation);
        assert!(pages.next().await.is_none());
        settle().await;
        assert_eq!(provider.requests().len(), 2, "nothing is sent after the error");
        let again = pages.next_page().unwrap();
        let rest = key.get("/things").paged::<u32>().start_at(again).all().await.unwrap();
        assert_eq!(rest, [2_000, 2_001, 3_000, 3_001]);
    }
}
