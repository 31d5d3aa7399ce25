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

use self::{expect::*, invariants::*, provider::key_of, steps::*, world::*};
use crate::prelude::*;
use proptest::{prelude::*, test_runner::TestRunner};
use run::run;

fn sequences(number: u32, longest: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = ProptestConfig {
        cases: number,
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config)
        .run(&sequence(longest), |(mode, steps)| runtime.block_on(run(mode, &steps)).map_err(TestCaseError::fail));
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
    use steps::{At, Code::Own, Provider as Fault, Step::*};
    let at = |browser, flow, node| At { browser, flow, node };
    let (start, callback) = (Start(at(0, 0, 0)), |flow, node| Callback(at(0, flow, node), Own));
    let kept: &[(Mode, &[Step])] = &[
        (Mode::Users, &[Start(at(0, 1, 0)), callback(0, 1)]),
        (Mode::Browsers, &[Start(at(0, 1, 0)), Callback(at(1, 0, 0), Own)]),
        // The answer is lost, and the same address comes to another node: the code is used, the key is there.
        (Mode::Browsers, &[start, Lost(at(0, 0, 0)), callback(0, 1), Look(at(0, 0, 0))]),
        // The same, and the clock was set back before the key was saved.
        (Mode::Browsers, &[start, ClockJump(-30), Lost(at(0, 0, 0)), start, start, start, start, callback(0, 1)]),
        // A tab that began before another one finished shuts no third one out.
        (Mode::Browsers, &[start, start, callback(0, 0), start, callback(1, 0), callback(2, 0)]),
        // A done mark of an earlier connection expires while the provider is waited for.
        (
            Mode::Users,
            &[start, Twice(at(0, 0, 0)), Advance(119), ProviderFault(Fault::BusyForASecond), start, callback(1, 0)],
        ),
        // A connection that was cut off, then a new one by the same user.
        (Mode::Users, &[start, ProviderFault(Fault::Cut), callback(0, 0), start, callback(1, 0), Look(at(0, 0, 1))]),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for (mode, steps) in kept {
            run(*mode, steps).await.unwrap_or_else(|broken| panic!("{mode:?} {steps:?}: {broken}"));
        }
    });
}
