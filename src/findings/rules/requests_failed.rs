//! `requests_failed`: one conclusion for each reason why requests failed.

use crate::findings::FindingsInput;
use crate::findings::evidence::{left_in_the_queue, made_no_connection, was_cut_short};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Outcome, Severity, Side};
use crate::text::escape::printable;
use crate::text::units::counted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Requests failed",
        severities: &[Severity::Error, Severity::Warning],
        means: "These requests did not get a valid answer, all for the same reason. It is a \
             warning only where the run itself was ended early, which is nobody's \
             mistake.",
        look_at: "The reason in the message; workers.jsonl, where `outcome` says how each \
             request ended; the flows of those requests in capture.pcap.",
        to_do: "What the message recommends. For a refused connection: is the server \
             running, and on this port? For a timeout: is the server too slow, or its \
             accept queue full? For a reset: why did the server abort?",
        evidence: &[
            ("reason", "the outcome, as in workers.jsonl"),
            ("requests", "how many requests"),
            (
                "example",
                "what the first of them reported, where it reported something",
            ),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    // What an unjoined main thread left in the queue has a finding of its own.
    let told = left_in_the_queue(input).map(|_| Outcome::NotAttempted.name());
    let failed = input.run.requests.failed.iter();
    failed
        .filter(|&(reason, &n)| n > 0 && Some(reason.as_str()) != told)
        .map(|(reason, &n)| conclusion(input, reason, n))
        .collect()
}

fn conclusion(input: &FindingsInput<'_>, reason: &str, n: u64) -> Conclusion {
    let outcome = Outcome::from_name(reason);
    let example = outcome.and_then(|outcome| example(input, outcome));
    let mut message = format!("{} failed: ", counted(n, "request", "requests"));
    match outcome {
        Some(outcome) => message.push_str(outcome.explanation()),
        None => message.push_str(reason),
    }
    if let Some(example) = example {
        message.push_str(" (for example: ");
        message.push_str(&shortened(&printable(example)));
        message.push(')');
    }
    // Of a run that was cut short, nobody's program is to blame for these.
    let cut_short = was_cut_short(input)
        && matches!(
            outcome,
            Some(Outcome::NotAttempted | Outcome::NotSeen | Outcome::Abandoned)
        );
    if cut_short {
        message.push_str("; the run ended early");
    } else if made_no_connection(input) {
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
    let conclusion = says(message)
        .at(severity)
        .with("reason", reason)
        .with("requests", n);
    match example {
        Some(example) => conclusion.with("example", example),
        None => conclusion,
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
        Outcome::NotSeen => "client.log may say why",
        Outcome::NotAttempted | Outcome::Abandoned => {
            "let the main thread wait for its workers before the client ends"
        }
        Outcome::Refused => "check that the server listens on this address and port",
        Outcome::Reset => "look in the server's log for why it aborted connections",
        Outcome::Closed => "look in the server's log for why it closed without an answer",
        Outcome::Timeout if input.run.plan.client_command.is_some() => {
            "look in the server's log for why it did not answer, or let the client wait longer"
        }
        Outcome::Timeout => "raise --timeout, --backlog or --server-workers",
        Outcome::BadAnswer => "correct the server: the answer is JAM hh:mm:ss and CR LF",
        Outcome::NoThread => {
            "use fewer threads at once (--max-in-flight, or a pool), or raise the limit that is \
             reached: RLIMIT_NPROC, pids.max, kernel.threads-max or vm.max_map_count"
        }
        Outcome::NoProcess => {
            "use fewer processes at once (--max-in-flight), or raise the limit that is reached: \
             RLIMIT_NPROC, pids.max or kernel.pid_max"
        }
        Outcome::NoDescriptor => {
            "raise the limit of open files (ulimit -n), or have fewer connections at once with \
             --max-in-flight"
        }
        Outcome::NoPort => {
            "widen net.ipv4.ip_local_port_range, or wait a minute until ports in TIME_WAIT \
             are free again"
        }
        Outcome::Unreachable => "check the address and the route to it",
    })
}
