//! `serving_thread_unseen`: connections that a traced server accepted, and that no
//! thread of it was seen to receive from or send on.

use std::collections::HashMap;

use crate::activity::Accepted;
use crate::findings::FindingsInput;
use crate::findings::evidence::{count_of, is_lossy, traced};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::observation::{AskedServer, ObserverName};
use crate::model::{Endpoint, FlowRecord, Phrase, Severity, Side};
use crate::wording::serving_thread_unseen;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The thread that served a connection is not known",
        severities: &[Severity::Info],
        means: "threadtap takes the first thread that receives from a connection as the one \
             that serves it. With ptrace(2) it traces recv(2) and send(2) and their relatives, \
             and read(2) and write(2) only if asked, because they are called for files, too; \
             programs in the kernel (eBPF) see every call. On these connections it saw none of them. What the wire carried tells more: \
             where the server sent, a thread of it did by another call; where only the \
             client sent, the server may never have read; where nobody sent, there was \
             nothing to receive.",
        look_at: "Which calls the server uses: read(2) and write(2), splice(2), io_uring(7), \
             or none at all because it never reads or closes at once.",
        to_do: "Where the server sent or may have read, and was traced with ptrace(2): use \
             --trace-rw to trace read(2) and write(2), too, if it was not used. Otherwise \
             nothing.",
        filter: Some("tcp.port == {port} && tcp.len > 0"),
        evidence: &[
            ("connections", "how many connections"),
            ("answered", "those on which the server sent something"),
            ("asked", "those on which only the client did"),
            ("silent", "those on which neither did"),
        ],
    },
    judge: Judge::Once(judge),
};

/// What a connection carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carried {
    Answer,
    Request,
    Nothing,
    /// It is not in the capture, or there may be several that it is.
    Unknown,
}

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let seen = input.seen?;
    // What the system refused to show has a finding of its own.
    let server = traced(&seen, Side::Server).filter(|s| !s.hides_sockets())?;
    let accepted = &server.sockets.accepted;
    let unseen = accepted
        .iter()
        .filter(|a| a.received.is_none() && a.sent.is_none());
    let mut flows: HashMap<Endpoint, Vec<&FlowRecord>> = HashMap::new();
    for flow in input.flows {
        flows.entry(flow.client).or_default().push(flow);
    }
    // What a process alone has received is not told by more of its calls.
    let more = unseen.clone().any(|a| !a.alone);
    // What a capture that lost frames does not show may have been there.
    let lossy = is_lossy(input);
    let carried = unseen.map(|a| match carried(a, &flows) {
        Carried::Request | Carried::Nothing if lossy => (a, Carried::Unknown),
        what => (a, what),
    });
    // Where nothing came, whoever could have received has nothing to be known for.
    let told = carried.filter(|(a, what)| !a.alone || *what != Carried::Nothing);
    let all: Vec<Carried> = told.map(|(_, what)| what).collect();
    let n = count_of(all.iter());
    let of = |kind| count_of(all.iter().filter(|c| **c == kind));
    let (answered, asked, silent) = (
        of(Carried::Answer),
        of(Carried::Request),
        of(Carried::Nothing),
    );
    let unknown = n - answered - asked - silent;
    // A tracer does not stop at all calls; programs in the kernel see whatever receives.
    let calls = seen.observation.server.observer() != Some(ObserverName::Ebpf);
    let parts = [
        (answered, serving_thread_unseen::sent(answered, calls)),
        (asked, serving_thread_unseen::asked(asked, calls)),
        (silent, serving_thread_unseen::silent(silent)),
        (unknown, serving_thread_unseen::unknown(unknown)),
    ];
    let parts = parts.into_iter().filter(|(n, _)| *n > 0);
    let parts = parts.map(|(_, part)| part).collect();
    let plan = &seen.observation.header.asked;
    // Of a server that is attached to they are looked at in any case.
    let attached = matches!(plan.server, AskedServer::Existing { attached: true });
    let rw = plan.read_write || attached;
    let remedy = (calls && !rw && more && silent != n).then(serving_thread_unseen::trace_rw);
    let unseen = serving_thread_unseen::unseen(n, parts);
    let sentences: Vec<Phrase> = std::iter::once(unseen).chain(remedy).collect();
    (n > 0).then(|| {
        says(sentences)
            .with("connections", n)
            .with("answered", answered)
            .with("asked", asked)
            .with("silent", silent)
    })
}

fn carried(accepted: &Accepted, flows: &HashMap<Endpoint, Vec<&FlowRecord>>) -> Carried {
    let Some([flow]) = flows.get(&accepted.peer).map(Vec::as_slice) else {
        return Carried::Unknown;
    };
    match (flow.client_payload_bytes, flow.server_payload_bytes) {
        (_, 1..) => Carried::Answer,
        (1.., 0) => Carried::Request,
        (0, 0) => Carried::Nothing,
    }
}
