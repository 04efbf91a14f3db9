//! `server_not_listening`: a server of somebody's own that did not come to listen.

use std::time::Duration;

use crate::findings::FindingsInput;
use crate::findings::evidence::command_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::Trouble;
use crate::model::{Nanos, Severity, Side};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The server did not listen",
        severities: &[Severity::Error],
        means: "The server program was started, and either ended before it listened \
             (listen(2)), or did not listen on the port in the time that it had. The client \
             was not started, so that no request was made.",
        look_at: "server.log: an error of the program stands there. The port that it listens \
             on, if it is another one than that of --port.",
        to_do: "Correct the program; or let --port name the port that it uses; or give it more \
             time with --server-timeout.",
        filter: None,
        evidence: &[
            ("port", "the port that it was to listen on; null: any"),
            (
                "waited_ns",
                "how long it was waited for; null: it ended before",
            ),
            ("instead", "a port that it listens on instead, or null"),
            (
                "held",
                "what else has that port, where it ended before; else null",
            ),
            ("exit", "how it ended, where it ended by itself; else null"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let observation = input.seen?.observation;
    let mut troubles = observation.troubles.iter();
    troubles.find_map(|trouble| {
        let Trouble::NotListening {
            port,
            waited_ns,
            instead,
            held,
            said,
        } = trouble
        else {
            return None;
        };
        let server = command_of(input, Side::Server);
        let on = port.map_or_else(String::new, |port| format!(" on port {port}"));
        let ended = observation.server.ended.and_then(|ended| ended.exit);
        let exit = ended.filter(|_| waited_ns.is_none());
        let how = exit.map_or_else(String::new, |exit| format!(" ({exit})"));
        let what = match (waited_ns, instead) {
            (None, _) => format!("{server} ended before it listened{on}{how}."),
            (Some(waited), Some(other)) => format!(
                "{server} does not listen{on} after {}, but on port {other}: leave out --port, or \
                 give --port {other}.",
                seconds(*waited)
            ),
            (Some(waited), None) => format!(
                "{server} does not listen{on} after {}: does it call bind(2) and listen(2)? If it \
                 only needs more time, give it more with --server-timeout.",
                seconds(*waited)
            ),
        };
        let said = said.as_ref().map_or_else(
            || " It printed nothing.".to_owned(),
            |line| format!(" Its last output: {}", line.trim()),
        );
        let held_by = held.clone();
        let held = match (held, port) {
            (Some(by), Some(port)) => {
                let reuse = if by.contains("TIME-WAIT") {
                    ", or let the server set SO_REUSEADDR before bind"
                } else {
                    ""
                };
                format!(" Port {port} is in use{by}{reuse}.")
            }
            _ => String::new(),
        };
        let message = format!("{what}{held}{said}");
        let message = if message.ends_with(['.', '!', '?']) {
            message
        } else {
            format!("{message}.")
        };
        Some(
            says(message)
                .with("port", *port)
                .with("waited_ns", waited_ns.map(Nanos::get))
                .with("instead", *instead)
                .with("held", held_by)
                .with("exit", exit.map(|exit| exit.to_string())),
        )
    })
}

/// A time as it was given: `10 s`, `0.4 s`.
fn seconds(span: Nanos) -> String {
    let span = Duration::from_nanos(span.get().unsigned_abs());
    format!("{} s", span.as_secs_f64())
}
