//! `no_connection`: a client that never tried to reach the server.

use crate::findings::FindingsInput;
use crate::findings::evidence::made_no_connection;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client made no connection",
        severities: &[Severity::Error],
        means: "The client program ended, and no thread of it called connect(2) to the port \
             of the server; or, where it was not traced, a capture without losses shows no \
             connection. Usually it uses another port, or it ended with an error before.",
        look_at: "client.log; the arguments of the client; the target in the plan.",
        to_do: "Give the client the address and the port of the server.",
        evidence: &[("target", "where the server listens")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let target = &input.run.plan.target;
    // Where it was not traced, only the wire tells.
    let made = match input.run.requests.attempted {
        Some(_) => format!("The client made no connection to {target}"),
        None => format!("No connection of the client to {target} was seen"),
    };
    let message = format!("{made}: does it use another address or port? client.log may say more.");
    made_no_connection(input).then(|| says(message).with("target", target.clone()))
}
