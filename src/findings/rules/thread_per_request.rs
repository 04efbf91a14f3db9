//! `thread_per_request`: a client that creates a thread for each of its connections.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Strategy};
use crate::wording::thread_per_request;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client creates a thread for each connection",
        severities: &[Severity::Info],
        means: "The program does not share threads: it creates one for each connection, and that \
             ends with its connection. It is simple, and no connection waits for another one's \
             thread. But each thread is created and ended anew, needs a stack of its own, and \
             their number is limited (RLIMIT_NPROC, pids.max, kernel.threads-max).",
        look_at: "*created* in the census beside the number of connections, and *peak*: how many \
             of them there were at once.",
        to_do: "Nothing has to be done. Where there are very many connections, a pool or an event \
             loop does with fewer threads: threadtap compare shows the difference.",
        filter: Some("tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0"),
        evidence: &[
            ("connections", "connections that it made"),
            ("threads", "threads that made them"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let plan = &input.run.plan;
    // What was asked for needs no comment.
    plan.client_command.as_ref()?;
    let is_so = plan.strategy == Some(Strategy::Thread);
    let work = plan.inferred.client.as_ref().filter(|_| is_so)?;
    let sentences = vec![
        thread_per_request::each(work.connections),
        thread_per_request::pool(),
    ];
    Some(
        says(sentences)
            .with("connections", work.connections)
            .with("threads", work.workers),
    )
}
