//! `closes_first`: the client closes first on so many connections that the ports may
//! not suffice for another run.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::{ClosedFirst, closed_first};
use crate::model::{Endpoint, FlowRecord, LimitName, Nanos, Outcome, Severity};
use crate::wording::closes_first;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client closes first, and its ports stay taken",
        severities: &[Severity::Info],
        means: "Who sends the first FIN keeps the connection in TIME-WAIT for 60 seconds, so that \
             late segments of it cannot be taken for those of a new one (RFC 9293, 3.6.1). Where \
             the client closes first, its local port is taken that long for this server. So many \
             were used within a minute that the same again may find none. Where the server closes \
             first, it is the server's end that stays, and a server that is started again needs \
             SO_REUSEADDR to bind its port.",
        look_at: "Who sends the first FIN of a connection; `ss -tan state time-wait`.",
        to_do: "Wait a minute before the next run, make several requests on one connection, or \
             widen net.ipv4.ip_local_port_range.",
        filter: Some("tcp.port == {port} && tcp.flags.fin == 1"),
        evidence: &[
            (
                "client_closed_first",
                "connections that the client closed first",
            ),
            (
                "server_closed_first",
                "connections that the server closed first",
            ),
            ("ports", "how many ports the range has"),
        ],
    },
    judge: Judge::Once(judge),
};

/// How long a connection stays in TIME-WAIT (`TCP_TIMEWAIT_LEN` of Linux).
const TIME_WAIT: Nanos = Nanos::new(60_000_000_000);

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let run = input.run;
    // The built-in client takes care of it by further addresses.
    run.plan.client_command.as_ref()?;
    // Where none was left, that is told.
    let none_left = run.requests.failed.get(Outcome::NoPort.name());
    let limit = LimitName::PortRange.to_string();
    let ports = run.environment.limits.get(&limit).copied().flatten()?;
    let mut of: HashMap<(IpAddr, Endpoint), Vec<&FlowRecord>> = HashMap::new();
    for flow in input.flows {
        of.entry((flow.client.ip, flow.server))
            .or_default()
            .push(flow);
    }
    let held = of.values().map(|flows| {
        let until = flows.iter().map(|f| f.last_ns).max();
        let recent = flows.iter().copied().filter(|f| {
            let age = until.map(|until| until.since(f.last_ns));
            age.is_some_and(|age| age < TIME_WAIT)
        });
        closed_first(recent).client
    });
    let most = held.max()?;
    if none_left.is_some_and(|n| *n > 0) || most.saturating_mul(2) < ports {
        return None;
    }
    let ClosedFirst { client, server } = closed_first(input.flows);
    let sentences = vec![closes_first::closed(client, ports), closes_first::again()];
    Some(
        says(sentences)
            .with("client_closed_first", client)
            .with("server_closed_first", server)
            .with("ports", ports),
    )
}
