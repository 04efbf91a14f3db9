//! How the client made its requests, and whose server it was, in words.

use super::page::foreign;
use super::words::Say;
use crate::model::{RunRecord, ServerKind, ServerModel, Strategy};
use crate::text::command::as_line;

/// What was run, for a heading.
pub(super) fn of_run(say: Say, run: &RunRecord) -> String {
    client(say, run)
}

/// The client: a strategy, or the command of a program.
pub(super) fn client(say: Say, run: &RunRecord) -> String {
    let plan = &run.plan;
    if let Some(words) = &plan.client_command {
        return foreign(&as_line(words));
    }
    if plan.watched {
        return say.who_connects();
    }
    let Some(strategy) = plan.strategy else {
        return say.a_client();
    };
    let requests = plan
        .requests
        .map_or_else(|| say.requests_unnumbered(), |n| say.requests(n));
    let mut text = match (strategy, plan.workers) {
        (Strategy::Thread, _) => say.m_thread(&requests),
        (Strategy::Process, _) => say.m_process(&requests),
        (Strategy::Async, _) => say.m_async(&requests),
        (Strategy::Iterative, _) => say.m_iterative(&requests),
        (Strategy::Pool, Some(n)) => say.m_pool_of(&requests, &say.threads(n)),
        (Strategy::Pool, None) => say.m_pool(&requests),
    };
    if plan.gate {
        text.push_str(&say.m_gate());
    }
    if let Some(bound) = plan.max_in_flight {
        text.push_str(&say.m_in_flight(&say.n(bound)));
    }
    if plan.joined == Some(false) {
        text.push_str(&say.m_no_join());
    }
    text
}

/// The server.
pub(super) fn server(say: Say, run: &RunRecord) -> String {
    let plan = &run.plan;
    let whose = match (plan.server, &plan.server_command) {
        (ServerKind::Embedded, _) => say.server_embedded(),
        (ServerKind::Command, Some(words)) => foreign(&as_line(words)),
        (ServerKind::Command, None) => say.server_command(),
        (ServerKind::Existing, _) => say.server_existing(),
    };
    let address = match plan.target.as_str() {
        "" => String::new(),
        target => format!(", {}", foreign(target)),
    };
    format!("{whose}{address}")
}

/// How the built-in server works; it is told beforehand, not concluded.
pub(super) fn model(say: Say, model: ServerModel) -> String {
    match model {
        ServerModel::Async => say.model_async(),
        model => built(say, model),
    }
}

/// How somebody else's server is built, judged by what it did: its loop was not seen.
pub(super) fn built(say: Say, model: ServerModel) -> String {
    match model {
        ServerModel::Thread => say.model_thread(),
        ServerModel::Pool => say.model_pool(),
        ServerModel::Process => say.model_process(),
        ServerModel::Async => say.built_async(),
        ServerModel::Iterative => say.model_iterative(),
    }
}

/// How somebody else's client is built.
pub(super) fn strategy(say: Say, strategy: Strategy, workers: Option<u64>) -> String {
    match (strategy, workers) {
        (Strategy::Thread, _) => say.model_thread(),
        (Strategy::Process, _) => say.model_process(),
        (Strategy::Pool, Some(n)) => say.built_pool_of(&say.n(n)),
        (Strategy::Pool, None) => say.model_pool(),
        (Strategy::Async, _) => say.built_async(),
        (Strategy::Iterative, _) => say.model_iterative(),
    }
}

/// Whether what is said on the connections is known to be TIME.
pub(super) fn speaks_time(run: &RunRecord) -> bool {
    run.plan.has_built_in_client() || run.requests.valid > Some(0)
}
