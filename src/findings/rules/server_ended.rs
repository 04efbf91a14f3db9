//! `server_ended`: one that serves so many connections and no more. What it did not
//! serve is among the failed requests.

use crate::findings::FindingsInput;
use crate::findings::evidence::early_end_of_server;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Exit, Severity};
use crate::wording::server_ended;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The server ended by itself",
        severities: &[Severity::Info],
        means: "The server program ended with exit status 0 before threadtap asked it to. \
             Some servers serve a fixed number of connections and then end.",
        look_at: "The failed requests: if there are none, the server had done its work.",
        to_do: "Nothing, if that was intended. Otherwise look in server.log for why it \
             ended.",
        filter: Some("tcp.srcport == {port} && tcp.flags.reset == 1"),
        evidence: &[],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let seen = input.seen?;
    let exit = early_end_of_server(&seen)?;
    let built_in = seen.observation.server.is_built_in();
    (!built_in && exit == Exit::Code(0)).then(|| says(server_ended::ended()))
}
