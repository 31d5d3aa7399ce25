//! The faults that apps order in their own tests are the faults that they get.

use super::*;

#[tokio::test(start_paused = true)]
async fn t49_a_store_can_be_slow_hang_panic_and_come_back() {
    let store = FaultyStore::new(MemoryStore::default());
    let faults = store.faults();
    let alice = user("alice");

    faults.add(StoreFault::delay(Duration::from_secs(3)));
    let before = tokio::time::Instant::now();
    store.load(&alice).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_secs(3));

    faults.clear();
    faults.add(StoreFault::hang());
    assert!(timeout(Duration::from_secs(3600), store.load(&alice)).await.is_err());

    faults.clear();
    faults.add(StoreFault::panic().on(Operation::Delete));
    let panicking = store.clone();
    let user = alice.clone();
    assert!(tokio::spawn(async move { panicking.delete(&user).await }).await.unwrap_err().is_panic());
    assert!(store.load(&alice).await.is_ok(), "only the operation that was named");

    faults.clear();
    assert!(store.delete(&alice).await.is_ok());
    assert_eq!((faults.calls(Operation::Load), faults.calls(Operation::Delete)), (3, 2));
}

#[tokio::test]
async fn a_fault_strikes_the_calls_it_counts_and_no_others() {
    let store = FaultyStore::new(MemoryStore::default());
    let (alice, bob) = (user("alice"), user("bob"));
    store.faults().add(StoreFault::error().for_user(&bob).on(Operation::Load).from_call(2).times(2));
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        assert!(store.load(&alice).await.is_ok() && store.delete(&bob).await.is_ok());
        outcomes.push(store.load(&bob).await.map_err(|error| error.kind()).is_ok());
    }
    assert_eq!(outcomes, [true, false, false, true, true]);
    store.faults().add(StoreFault::error());
    assert_eq!(store.load(&alice).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}
