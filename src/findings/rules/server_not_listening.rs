//! `server_not_listening`: a server of somebody's own that did not come to listen.

use crate::findings::FindingsInput;
use crate::findings::evidence::{command_of, says_any_of};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::Trouble;
use crate::model::{Nanos, Severity, Side};
use crate::wording::{Given, recorded, server_not_listening};

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
        let ended = observation.server.ended.and_then(|ended| ended.exit);
        let exit = ended.filter(|_| waited_ns.is_none());
        let on = port.map(|port| port.to_string());
        let on = on.as_deref();
        let mut sentences = match (waited_ns, instead) {
            (None, _) => vec![server_not_listening::ended(server, on, exit)],
            (Some(waited), Some(other)) => {
                let (waited, other) = (Given(*waited), other.to_string());
                vec![server_not_listening::elsewhere(server, on, waited, &other)]
            }
            (Some(waited), None) => vec![
                server_not_listening::silent(server, on, Given(*waited)),
                server_not_listening::more_time(),
            ],
        };
        if let (Some(by), Some(port)) = (held, on) {
            let reuse = by.contains("TIME-WAIT");
            sentences.push(server_not_listening::held(port, recorded(by), reuse));
            if !said.as_deref().is_some_and(says_in_use) {
                sentences.push(server_not_listening::held_perhaps());
            }
        }
        // Who is root there has every port.
        let own = input.run.plan.isolated && !observation.header.asked.programs.root_inside;
        let low = port.is_none_or(|port| port < FIRST_OF_ALL);
        let denied = said.as_deref().is_some_and(says_denied);
        if own && low && denied && waited_ns.is_none() {
            sentences.push(server_not_listening::low_port(on));
        }
        sentences.push(match said.as_deref().map(str::trim) {
            None => server_not_listening::no_output(),
            Some(line) => server_not_listening::last_output(line, !line.ends_with(['.', '!', '?'])),
        });
        Some(
            says(sentences)
                .with("port", *port)
                .with("waited_ns", waited_ns.map(Nanos::get))
                .with("instead", *instead)
                .with("held", held.clone())
                .with("exit", exit.map(|exit| exit.to_string())),
        )
    })
}

/// The first port that who is not root may have (`ip_unprivileged_port_start` of ip(7); in
/// a new network it is always this one).
const FIRST_OF_ALL: u16 = 1024;

/// Whether a program's output says that it was not allowed: `EACCES` (errno(3)).
fn says_denied(said: &str) -> bool {
    const WORDS: [&str; 4] = ["permission denied", "eacces", "errno 13", "os error 13"];
    says_any_of(said, &WORDS)
}

/// Whether a program's output says that it did not get its address: `EADDRINUSE` as
/// libraries name it, number it, or describe it (errno(3)).
fn says_in_use(said: &str) -> bool {
    const WORDS: [&str; 4] = [
        "address already in use",
        "eaddrinuse",
        "errno 98",
        "os error 98",
    ];
    says_any_of(said, &WORDS)
}
