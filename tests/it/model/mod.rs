//! Random sequences of everything that can happen, against a small reference model.
//!
//! Two browsers, two nodes over one store, a provider on loopback, one clock. After every step the answer, the provider's log and the
//! whole content of the store must be what the model says, and the invariants of the threat model must hold:
//!
//! | | checked as |
//! | --- | --- |
//! | I1, I10 | the store is exactly the model's: a key is there only where the model allowed the save |
//! | I2 | the provider's log grows by exactly what the model sends, and no code goes out twice but by a 429 or a lost answer |
//! | I3 | no answer shows a code, a key, a state or the client secret |
//! | I4 | every `Location` is the authorize page or a path of this site |
//! | I5 | the crate's cookies of a browser stay within 5 pieces and 4 KiB |
//! | I6 | the store holds no more records than users, or sessions, connected |
//! | I7, I8 | the store is compared after the answer: a success is there, a disconnected key is not |
//! | I9 | an old key found dead removes only its own version |
//! | I11 | a node that is shut down after its browser has left has saved the key |
//! | I12 | a refusal leaves the store, the log and every other cookie as they were |
//!
//! Faults are drawn with the steps. Time is a clock that jumps instead of waiting.

mod expect;
mod invariants;
mod provider;
mod run;
mod steps;
mod world;

use proptest::{prelude::*, test_runner::TestRunner};
use run::run;
use steps::{Mode, Step, sequence};

fn sequences(number: u32, longest: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let provider = runtime.block_on(provider::Provider::start());
    let config = ProptestConfig {
        cases: number,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&sequence(longest), |(mode, steps)| {
        runtime.block_on(run(&provider, mode, &steps)).map_err(TestCaseError::fail)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn five_hundred_sequences_keep_every_invariant() {
    sequences(500, 20);
}

#[test]
#[ignore = "slow: ten thousand sequences of up to thirty steps, some minutes"]
fn ten_thousand_sequences_keep_every_invariant() {
    sequences(10_000, 30);
}

/// Sequences that once failed, or that a reader should know by name.
#[test]
fn kept_sequences_keep_every_invariant() {
    use steps::{Code::*, Provider as Fault, Step::*};
    let kept: &[(Mode, &[Step])] = &[
        (Mode::App, &[Start { browser: 0, node: 0, path: 1 }, Callback { browser: 0, flow: 0, node: 1, code: Own }]),
        (
            Mode::Browser,
            &[Start { browser: 0, node: 0, path: 1 }, Callback { browser: 1, flow: 0, node: 0, code: Own }],
        ),
        // The answer is lost, and the same address comes to another node: the code is used, the key is there.
        (
            Mode::Browser,
            &[
                Start { browser: 0, node: 0, path: 0 },
                Lost { browser: 0, flow: 0, node: 0 },
                Callback { browser: 0, flow: 0, node: 1, code: Own },
                Look { browser: 0, node: 0 },
            ],
        ),
        // The same, and the clock was set back before the key was saved.
        (
            Mode::Browser,
            &[
                Start { browser: 0, node: 0, path: 0 },
                ClockJump { seconds: -30 },
                Lost { browser: 0, flow: 0, node: 0 },
                Start { browser: 0, node: 0, path: 0 },
                Start { browser: 0, node: 0, path: 0 },
                Start { browser: 0, node: 0, path: 0 },
                Start { browser: 0, node: 0, path: 0 },
                Callback { browser: 0, flow: 0, node: 1, code: Own },
            ],
        ),
        // A tab that began before another one finished shuts no third one out.
        (
            Mode::Browser,
            &[
                Start { browser: 0, node: 0, path: 0 },
                Start { browser: 0, node: 0, path: 0 },
                Callback { browser: 0, flow: 0, node: 0, code: Own },
                Start { browser: 0, node: 0, path: 0 },
                Callback { browser: 0, flow: 1, node: 0, code: Own },
                Callback { browser: 0, flow: 2, node: 0, code: Own },
            ],
        ),
        // A done mark of an earlier connection expires while the provider is waited for.
        (
            Mode::App,
            &[
                Start { browser: 0, node: 0, path: 0 },
                Twice { browser: 0, flow: 0, node: 0 },
                Advance { seconds: 119 },
                ProviderFault(Fault::BusyForASecond),
                Start { browser: 0, node: 0, path: 0 },
                Callback { browser: 0, flow: 1, node: 0, code: Own },
            ],
        ),
        // A connection that was cut off, then a new one by the same user.
        (
            Mode::App,
            &[
                Start { browser: 0, node: 0, path: 0 },
                ProviderFault(Fault::Cut),
                Callback { browser: 0, flow: 0, node: 0, code: Own },
                Start { browser: 0, node: 0, path: 0 },
                Callback { browser: 0, flow: 1, node: 0, code: Own },
                Look { browser: 0, node: 1 },
            ],
        ),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let provider = provider::Provider::start().await;
        for (mode, steps) in kept {
            run(&provider, *mode, steps).await.unwrap_or_else(|broken| panic!("{mode:?} {steps:?}: {broken}"));
        }
    });
}
