//! `serving_thread_unseen`: connections that a traced server accepted, and that no
//! thread of it was seen to receive from or send on.

use crate::activity::Accepted;
use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Severity, Side};
use crate::text::units::counted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The thread that served a connection is not known",
        severities: &[Severity::Info],
        means: "threadtap takes the first thread that receives from a connection as the one \
             that serves it. It traces recv(2) and send(2) and their relatives, and \
             read(2) and write(2) only if asked, because they are called for files, too. \
             On these connections it saw none of them.",
        look_at: "Which calls the server uses: read(2) and write(2), io_uring(7), or none at \
             all because it closes at once.",
        to_do: "Use --trace-rw to trace read(2) and write(2), too.",
        evidence: &[("connections", "how many connections")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // What the system refused to show has a finding of its own.
    let server = traced(&input.seen?, Side::Server).filter(|s| !s.hides_sockets())?;
    let accepted = &server.sockets.accepted;
    let unseen = |a: &&Accepted| a.received.is_none() && a.sent.is_none();
    let n = count_of(accepted.iter().filter(unseen));
    let them = if n == 1 { "it" } else { "them" };
    let message = format!(
        "Of {} it is known which thread of the server accepted {them}, but not which one served \
         {them}: the server uses a system call that is not traced, or neither receives nor sends. \
         With --trace-rw, read(2) and write(2) are traced.",
        counted(n, "connection", "connections"),
    );
    (n > 0).then(|| says(message).with("connections", n))
}
