//! A scenario is tried in every engine and behind every front. What was seen is a line of the table that `.ci/browser` prints.

use super::{Engine, Front, OwnLogin, Provider, Quickstart, engine::Setting, window::Browser};
use crate::prelude::*;
use std::{any::Any, env, fs::OpenOptions, io::Write, ops::Deref};

/// One cell of the table: a window of an engine, and how it reaches the sites.
#[derive(Clone)]
pub(super) struct Visit {
    browser: Browser,
    pub(super) front: Front,
}

impl Deref for Visit {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Visit {
    /// See [`Browser::is_accessible`]; once for the whole table.
    pub(super) async fn picture(&self, name: &str) {
        if self.front == Front::Http {
            self.browser.is_accessible(Some(name)).await;
        }
    }

    /// The same without a picture.
    pub(super) async fn is_accessible(&self) {
        if self.front == Front::Http {
            self.browser.is_accessible(None).await;
        }
    }
}

/// A row of the table.
pub(super) struct Scenario {
    name: &'static str,
    setting: Setting,
    limits: Vec<(Engine, &'static str)>,
}

/// A row that every engine can do, until it is said otherwise.
pub(super) fn scenario(name: &'static str) -> Scenario {
    Scenario { name, setting: Setting::Usual, limits: Vec::new() }
}

/// A scenario in the quickstart before a provider.
pub(super) async fn in_the_quickstart<F>(name: &'static str, test: fn(Visit, Provider, Quickstart) -> F)
where
    F: Future<Output = String> + Send + 'static,
{
    scenario(name).in_the_quickstart(test).await;
}

/// The same in the app that has logins of its own.
pub(super) async fn in_an_app_with_logins<F>(name: &'static str, test: fn(Visit, Provider, OwnLogin) -> F)
where
    F: Future<Output = String> + Send + 'static,
{
    scenario(name).in_an_app_with_logins(test).await;
}

impl Scenario {
    pub(super) fn in_a(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    /// The engine cannot do this, for this reason.
    pub(super) fn impossible_in(mut self, engine: Engine, reason: &'static str) -> Self {
        self.limits.push((engine, reason));
        self
    }

    /// As [`run`](Self::run), in the quickstart before a provider.
    pub(super) async fn in_the_quickstart<F>(self, test: fn(Visit, Provider, Quickstart) -> F)
    where
        F: Future<Output = String> + Send + 'static,
    {
        let set_up = |visit: Visit| async move {
            let sandbox = visit.provider().await;
            let app = Quickstart::start(&visit, &sandbox).await;
            test(visit, sandbox, app).await
        };
        self.run(set_up).await;
    }

    /// The same in the app that has logins of its own.
    pub(super) async fn in_an_app_with_logins<F>(
        self,
        test: impl Fn(Visit, Provider, OwnLogin) -> F + Copy + Send + 'static,
    ) where
        F: Future<Output = String> + Send + 'static,
    {
        let set_up = |visit: Visit| async move {
            let sandbox = visit.provider().await;
            let app = OwnLogin::start(&visit, &sandbox).await;
            test(visit, sandbox, app).await
        };
        self.run(set_up).await;
    }

    /// Tries every cell, also after one has failed. `test` says what it saw.
    pub(super) async fn run<F>(self, test: impl Fn(Visit) -> F)
    where
        F: Future<Output = String> + Send + 'static,
    {
        let mut failed = Vec::new();
        for engine in chosen("BROWSER_ENGINES", Engine::ALL) {
            for front in chosen("BROWSER_FRONTS", Front::ALL) {
                let limit = self.limits.iter().find(|(limited, _)| *limited == engine);
                let (outcome, seen) = match limit {
                    Some((_, reason)) => ("n/a", (*reason).to_owned()),
                    None => {
                        match super::window::run(engine, self.setting, |browser| test(Visit { browser, front })).await {
                            Ok(seen) => ("passed", seen),
                            Err(panic) => ("FAILED", message(panic.as_ref())),
                        }
                    }
                };
                if outcome == "FAILED" {
                    failed.push(format!("{engine}, {front}: {seen}"));
                }
                note([self.name, &engine.to_string(), &front.to_string(), outcome, &seen]);
            }
        }
        assert!(failed.is_empty(), "{}:\n{}", self.name, failed.join("\n"));
    }
}

/// Those that the variable names, or all.
fn chosen<T: ToString>(variable: &str, all: [T; 3]) -> impl Iterator<Item = T> {
    let names = env::var(variable).unwrap_or_default();
    all.into_iter().filter(move |one| names.is_empty() || names.split_whitespace().any(|name| name == one.to_string()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

/// A line of the report, its columns between tabs.
fn note(columns: [&str; 5]) {
    let line = columns.map(|column| column.replace(['\t', '\n', '\r'], " ")).join("\t");
    println!("browser: {line}");
    if let Some(path) = env::var_os("BROWSER_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}
