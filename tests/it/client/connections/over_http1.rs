use super::*;

async fn stage() -> Stage {
    Stage::set(Server::plain().await).await
}

/// Several connections in the pool.
async fn with_open_connections(stage: &Stage) {
    let mut calls: tokio::task::JoinSet<_> = (0..8).map(|_| stage.key.get("/slow").send()).collect();
    while let Some(outcome) = calls.join_next().await {
        outcome.unwrap().unwrap();
    }
    assert!(stage.relay.open() > 3, "{} connections", stage.relay.open());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t62_silence_under_load() {
    silence_under_load_ends_with_the_calls_under_way(&stage().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t62_silence_after_idling_on_all_connections_costs_one_call() {
    let stage = stage().await;
    with_open_connections(&stage).await;
    silence_after_idling_costs_one_call(&stage).await;
    assert!(stage.relay.settles_at(1, PATIENCE).await, "{} connections are open", stage.relay.open());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t62_impatient_callers() {
    let stage = stage().await;
    with_open_connections(&stage).await;
    a_caller_who_waits_less_than_the_deadline_ends_a_silence_too(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_and_reset_connections() {
    closed_and_reset_connections_cost_no_call(&stage().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer() {
    a_lost_answer_repeats_no_effect(&stage().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t62_a_hanging_server() {
    let stage = stage().await;
    with_open_connections(&stage).await;
    a_server_that_hangs_on_its_old_connections_gets_new_ones(&stage).await;
}
