//! The client's strategies and the server's models, in words.
//!
//! What is said of each stands here, beside one another: a new one needs its words
//! in this file alone.

use crate::model::{ServerModel, Strategy};
use crate::text::units::{count, counted};

/// How a built-in client makes its requests: `requests` is how many, with the word.
pub(super) fn of_client(strategy: Strategy, requests: &str, workers: Option<u64>) -> String {
    match (strategy, workers) {
        (Strategy::Thread, _) => format!("{requests}, one thread each"),
        (Strategy::Process, _) => format!("{requests}, one process each"),
        (Strategy::Async, _) => format!("{requests} by one event loop"),
        (Strategy::Iterative, _) => format!("{requests}, one after another"),
        (Strategy::Pool, None) => format!("{requests} by a pool of threads"),
        (Strategy::Pool, Some(n)) => {
            format!(
                "{requests} by a pool of {}",
                counted(n, "thread", "threads")
            )
        }
    }
}

/// How somebody else's client is built.
pub(super) fn of_program(strategy: Strategy, workers: Option<u64>) -> String {
    match (strategy, workers) {
        (Strategy::Thread, _) => "one thread per connection".to_owned(),
        (Strategy::Process, _) => "one process per connection".to_owned(),
        (Strategy::Pool, Some(n)) => format!("a pool of {}", count(n)),
        (Strategy::Pool, None) => "a pool".to_owned(),
        (Strategy::Async, _) => "an event loop".to_owned(),
        (Strategy::Iterative, _) => "one connection after another".to_owned(),
    }
}

/// How a server is built.
pub(super) const fn of_server(model: ServerModel) -> &'static str {
    match model {
        ServerModel::Thread => "one thread per connection",
        ServerModel::Pool => "a pool",
        ServerModel::Process => "one process per connection",
        ServerModel::Async => "an event loop",
        ServerModel::Iterative => "one connection after another",
    }
}
