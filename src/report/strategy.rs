//! The client's strategies and the server's models, in words.
//!
//! What is said of each stands here, beside one another: a new one needs its words
//! in this file alone.

use super::words::Say;
use crate::model::{ServerModel, Strategy};

/// How a built-in client makes its requests: `requests` is how many, with the word.
pub(super) fn of_client(
    say: Say,
    strategy: Strategy,
    requests: &str,
    workers: Option<u64>,
) -> String {
    match (strategy, workers) {
        (Strategy::Thread, _) => say.client_thread(requests),
        (Strategy::Process, _) => say.client_process(requests),
        (Strategy::Async, _) => say.client_async(requests),
        (Strategy::Iterative, _) => say.client_iterative(requests),
        (Strategy::Pool, None) => say.client_pool(requests),
        (Strategy::Pool, Some(n)) => say.client_pool_of(requests, &say.threads(n)),
    }
}

/// How somebody else's client is built.
pub(super) fn of_program(say: Say, strategy: Strategy, workers: Option<u64>) -> String {
    match (strategy, workers) {
        (Strategy::Thread, _) => say.thread_each().to_owned(),
        (Strategy::Process, _) => say.process_each().to_owned(),
        (Strategy::Pool, Some(n)) => say.pool_of(&say.n(n)),
        (Strategy::Pool, None) => say.a_pool().to_owned(),
        (Strategy::Async, _) => say.one_for_several().to_owned(),
        (Strategy::Iterative, _) => say.one_after_another().to_owned(),
    }
}

/// How a server is built.
pub(super) const fn of_server(say: Say, model: ServerModel) -> &'static str {
    match model {
        ServerModel::Thread => say.thread_each(),
        ServerModel::Pool => say.a_pool(),
        ServerModel::Process => say.process_each(),
        ServerModel::Async => say.one_for_several(),
        ServerModel::Iterative => say.one_after_another(),
    }
}
