//! `requests_failed`: one finding for each reason why requests failed.

use super::{no_connection, not_joined};
use crate::findings::FindingsInput;
use crate::model::{Finding, Outcome, Severity, Side};
use crate::text::escape::printable;
use crate::text::units::counted;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Vec<Finding> {
    // What an unjoined main thread left in the queue has a finding of its own.
    let told = not_joined::rule(input).map(|_| Outcome::NotAttempted.name());
    let failed = input.run.requests.failed.iter();
    failed
        .filter(|&(reason, &n)| n > 0 && Some(reason.as_str()) != told)
        .map(|(reason, &n)| finding(input, reason, n))
        .collect()
}

fn finding(input: &FindingsInput<'_>, reason: &str, n: u64) -> Finding {
    let outcome = Outcome::from_name(reason);
    let example = outcome.and_then(|outcome| example(input, outcome));
    let mut message = format!("{} failed: ", counted(n, "request", "requests"));
    match outcome {
        Some(outcome) => message.push_str(outcome.explanation()),
        None => message.push_str(&printable(reason)),
    }
    if let Some(example) = example {
        message.push_str(" (for example: ");
        message.push_str(&shortened(&printable(example)));
        message.push(')');
    }
    // Of a run that was cut short, nobody's program is to blame for these.
    let cut_short = input.was_cut_short()
        && matches!(outcome, Some(Outcome::NotAttempted | Outcome::Abandoned));
    if cut_short {
        message.push_str("; the run was cut short");
    } else if no_connection::rule(input).is_some() {
        // There was no worker to wait for.
    } else if let Some(remedy) = outcome.and_then(|o| remedy(o, input)) {
        message.push_str("; ");
        message.push_str(remedy);
    }
    message.push('.');
    let severity = if cut_short {
        Severity::Warning
    } else {
        Severity::Error
    };
    let finding = Finding::new("requests_failed", severity, message)
        .with("reason", reason)
        .with("requests", n);
    match example {
        Some(example) => finding.with("example", example),
        None => finding,
    }
}

/// What the first worker with this outcome had to say about it.
fn example<'a>(input: &FindingsInput<'a>, outcome: Outcome) -> Option<&'a str> {
    input
        .workers
        .iter()
        .filter(|w| w.side == Side::Client && w.outcome == Some(outcome))
        .find_map(|w| w.detail.as_deref())
}

/// As much of a text as a sentence bears.
fn shortened(text: &str) -> String {
    const BEARABLE: usize = 80;
    match text.char_indices().nth(BEARABLE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What a person can do about it.
const fn remedy(outcome: Outcome, input: &FindingsInput<'_>) -> Option<&'static str> {
    Some(match outcome {
        Outcome::Valid | Outcome::Other => return None,
        Outcome::NotAttempted | Outcome::Abandoned => {
            "let the main thread wait for its workers before the client ends"
        }
        Outcome::Refused => "check that the server listens on this address and port",
        Outcome::Reset => "look in the server's log for why it aborted connections",
        Outcome::Closed => "look in the server's log for why it closed without an answer",
        Outcome::Timeout if input.run.plan.client_command.is_some() => {
            "look in the server's log for why it did not answer, or let the client wait longer"
        }
        Outcome::Timeout => "raise --timeout, the server's --backlog or its --workers",
        Outcome::BadAnswer => "correct the server: the answer is JAM hh:mm:ss and CR LF",
        Outcome::NoThread => {
            "bound the threads with --max-in-flight or a pool, or raise RLIMIT_NPROC, pids.max, \
             kernel.threads-max or vm.max_map_count, whichever binds"
        }
        Outcome::NoProcess => {
            "bound the processes with --max-in-flight, or raise RLIMIT_NPROC, pids.max or \
             kernel.pid_max, whichever binds"
        }
        Outcome::NoDescriptor => {
            "raise the limit of open files (ulimit -n) or bound the connections with \
             --max-in-flight"
        }
        Outcome::NoPort => {
            "widen net.ipv4.ip_local_port_range, or wait a minute until ports in TIME_WAIT \
             are free again"
        }
        Outcome::Unreachable => "check the address and the route to it",
    })
}
