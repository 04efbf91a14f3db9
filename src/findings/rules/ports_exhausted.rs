//! `ports_exhausted`: no local port was left for a connection, and on which side
//! those are that wait in TIME-WAIT.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::findings::wire::{ClosedFirst, closed_first};
use crate::model::{LimitName, Outcome, Severity};
use crate::wording::ports_exhausted;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "No local port was left",
        severities: &[Severity::Warning],
        means: "A connection needs a local port of its own for each server address and port, and \
             connect(2) takes one of net.ipv4.ip_local_port_range. None was free \
             (EADDRNOTAVAIL). A port is taken while its connection is open, and 60 seconds longer \
             on the side that closed first: there the connection stays in TIME-WAIT (RFC 9293, \
             3.6.1). The other side is free at once.",
        look_at: "`ss -tan state time-wait` on both hosts: the local port tells which side holds \
             them. In the capture, who sends the first FIN of a connection.",
        to_do: "Make several requests on one connection, or have fewer connections in a minute. \
             Widen net.ipv4.ip_local_port_range. Or let the server close first, where it can bear \
             that.",
        filter: Some("tcp.port == {port} && tcp.flags.fin == 1"),
        evidence: &[
            ("connections", "connections that found no port"),
            ("ports", "how many ports the range has; null: not known"),
            (
                "client_closed_first",
                "connections that the client closed first",
            ),
            (
                "server_closed_first",
                "connections that the server closed first",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let run = input.run;
    let failed = run.requests.failed.get(Outcome::NoPort.name());
    let n = failed.copied().filter(|&n| n > 0)?;
    // Of an IPv6 address that no interface has, the error is the same.
    let is_v6 = |ip: std::net::IpAddr| ip.is_ipv6() && !ip.to_canonical().is_ipv4();
    let target: std::net::SocketAddr = run.plan.target.parse().ok()?;
    let mut flows = input.flows.iter();
    if is_v6(target.ip()) && !flows.any(|f| f.is_established() && is_v6(f.server.ip)) {
        return None;
    }
    let made = input.seen.and_then(|seen| seen.client);
    let made = made.map_or(&[][..], |client| &client.sockets.made[..]);
    let mut refused = made.iter().filter(|c| c.errno == Some(libc::EADDRNOTAVAIL));
    if refused.any(|c| is_v6(c.target.ip) && !is_v6(target.ip())) {
        return None;
    }
    let limit = LimitName::PortRange.to_string();
    let ports = run.environment.limits.get(&limit).copied().flatten();
    let mut sentences = vec![ports_exhausted::none(n, ports)];
    let ClosedFirst { client, server } = closed_first(input.flows);
    if client + server > 0 {
        sentences.push(ports_exhausted::held(client, server));
    }
    sentences.push(ports_exhausted::widen());
    Some(
        says(sentences)
            .with("connections", n)
            .with("ports", ports)
            .with("client_closed_first", client)
            .with("server_closed_first", server),
    )
}
