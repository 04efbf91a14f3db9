//! Who made the connections, who accepted and who served them, in sentences.

use super::facts::{self, Shares};
use super::methods;
use super::page::foreign;
use super::words::Say;
use crate::model::{Program, ServerKind, Side, StopReason};
use crate::report::view::RunView;
use serde_json::Value;

/// What the client did.
pub(super) fn client(say: Say, view: RunView<'_>) -> Vec<String> {
    let run = view.run;
    let mut told = Vec::new();
    if let Some(program) = &run.programs.client {
        if let Some(strategy) = run.plan.strategy {
            let built = methods::strategy(say, strategy, run.plan.workers);
            told.push(say.client_built(&built));
        }
        told.extend(beside(say, Side::Client, program));
    }
    told.extend(made(say, view));
    // Those that were there before the capture may have no frame in it.
    let begun = view.flows.iter().all(|flow| flow.handshake.is_some());
    let whole = run.capture.as_ref().is_some_and(|c| {
        c.stop_reason != StopReason::Fault
            && c.dropped_by_kernel == Some(0)
            && facts::lost(run) == 0
    });
    let whole = whole && begun && !run.plan.watched;
    let open = facts::open_at_once(view.flows);
    if whole && open > 1 {
        told.push(say.open_at_once(&say.connections(open)));
    }
    told
}

fn made(say: Say, view: RunView<'_>) -> Vec<String> {
    let mut told = Vec::new();
    let Some(shares) = facts::made(view) else {
        let some = !view.flows.is_empty();
        return if some {
            vec![say.makers_unknown()]
        } else {
            told
        };
    };
    let flows = view.flows.len() as u64;
    if flows > shares.connections {
        told.push(say.makers_known_of(&say.n(shares.connections), &say.connections(flows)));
    }
    // Without a capture only those that connect(2) made are listed.
    let owned = || view.flows.iter().filter(|flow| flow.client_owner.is_some());
    let established = owned().filter(|flow| flow.is_established()).count() as u64;
    let all = view.flows.is_empty() || established == shares.connections;
    // What a capture that lost frames does not show may have been established.
    let begun = owned().all(|flow| flow.handshake.is_some());
    let begun = begun && (all || facts::lost(view.run) == 0);
    let connections = say.connections(shares.connections);
    if !begun {
        told.push(say.shown_by(&doers(say, &shares), &connections));
        return told;
    }
    let doers = doers(say, &shares);
    let (fewest, most) = (say.n(shares.fewest), say.n(shares.most));
    let equal = shares.fewest == shares.most;
    told.push(match (all, shares.only) {
        (true, Some(tid)) => say.one_made(&tid.to_string(), &connections),
        (true, None) if equal => say.made_equal(&doers, &connections, &most),
        (true, None) => say.made_shared(&doers, &connections, &fewest, &most),
        (false, Some(tid)) => say.one_tried(&tid.to_string(), &connections),
        (false, None) if equal => say.tried_equal(&doers, &connections, &most),
        (false, None) => say.tried_shared(&doers, &connections, &fewest, &most),
    });
    if !all {
        told.push(match established {
            0 => say.none_established(),
            n => say.some_established(&say.n(n)),
        });
    }
    told
}

/// `1,000 threads`, or `1,000 processes` where each is one.
fn doers(say: Say, shares: &Shares) -> String {
    if shares.by_processes() {
        say.processes(shares.processes)
    } else {
        say.threads(shares.threads)
    }
}

/// What the server did.
pub(super) fn server(say: Say, view: RunView<'_>) -> Vec<String> {
    let run = view.run;
    let mut told = Vec::new();
    match (run.plan.server_model, &run.programs.server) {
        (Some(model), Some(_)) => told.push(say.server_built(&methods::built(say, model))),
        (Some(model), None) => told.push(say.server_works(&methods::model(say, model))),
        (None, _) => {}
    }
    if let Some(program) = &run.programs.server {
        told.extend(beside(say, Side::Server, program));
    }
    let owned = facts::server_owners(view).count() as u64;
    let answered = view
        .flows
        .iter()
        .filter(|f| f.handshake.is_none() || f.is_answered());
    // Where nothing was captured the client tells how many were made.
    let by_calls = run.requests.handshakes.filter(|_| view.flows.is_empty());
    let answered = by_calls.unwrap_or(answered.count() as u64);
    if answered == 0 {
        return told;
    }
    if owned == 0 {
        let left_alone = run.plan.server == ServerKind::Existing && run.programs.server.is_none();
        let left = run.findings.iter().any(|finding| {
            let left = finding.evidence.get("connections");
            finding.code == "never_accepted" && left.and_then(Value::as_u64) == Some(answered)
        });
        told.push(if left_alone {
            say.servers_left_alone()
        } else if left {
            say.never_accepted()
        } else {
            say.servers_unknown()
        });
        return told;
    }
    if owned < answered {
        told.push(say.servers_known_of(&say.n(owned), &say.connections(answered)));
    }
    told.extend(accepted(say, view));
    told.extend(served(say, view));
    told
}

fn accepted(say: Say, view: RunView<'_>) -> Option<String> {
    let known = facts::server_owners(view).filter(|owner| owner.accept_tid.is_some());
    let connections = say.connections(known.count() as u64);
    if let Some(tid) = facts::acceptor(view) {
        return Some(say.one_accepted(&tid.to_string(), &connections));
    }
    let threads = facts::acceptors(view)?;
    Some(say.several_accepted(&say.threads(threads), &connections))
}

fn served(say: Say, view: RunView<'_>) -> Vec<String> {
    let mut told = Vec::new();
    if facts::same_thread(view) {
        told.push(say.acceptor_served());
        return told;
    }
    let Some(shares) = facts::served(view) else {
        let none = facts::server_owners(view).all(|owner| owner.serve_tid.is_none());
        if none {
            told.push(say.serving_unseen());
        }
        return told;
    };
    let connections = say.connections(shares.connections);
    told.push(match shares.only {
        Some(tid) => say.one_served(&tid.to_string(), &connections),
        None if shares.fewest == shares.most => {
            say.served_equal(&doers(say, &shares), &connections, &say.n(shares.most))
        }
        None => say.served_shared(
            &doers(say, &shares),
            &connections,
            &say.n(shares.fewest),
            &say.n(shares.most),
        ),
    });
    told
}

/// Processes beside the work, and how the program ended.
fn beside(say: Say, side: Side, program: &Program) -> Vec<String> {
    let who = super::counts::name(say, side);
    let mut told = Vec::new();
    let helpers = program.helpers.as_deref().unwrap_or_default();
    if !helpers.is_empty() {
        let all = helpers
            .iter()
            .fold(0, |n: u64, h| n.saturating_add(h.processes));
        // More names say less.
        let names = helpers.iter().take(4);
        let mut names: Vec<String> = names
            .map(|h| format!("{} × {}", foreign(&h.name), say.n(h.processes)))
            .collect();
        if helpers.len() > names.len() {
            names.push("…".to_owned());
        }
        told.push(say.helpers(&who, &say.processes(all), &names.join(", ")));
    }
    told.extend(match (program.exit_code, program.signal) {
        (Some(code), _) if code != 0 => Some(say.exit_code(&who, &code.to_string())),
        (None, Some(signal)) if !program.asked_to_end => {
            let exit = crate::model::Exit::Signal(signal).to_string();
            let name = exit.rsplit([',', ' ']).next().unwrap_or_default();
            Some(say.exit_signal(&who, &foreign(name)))
        }
        _ => None,
    });
    told
}
