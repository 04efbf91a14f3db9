//! `source_addresses`: the built-in client spread over several addresses.

use crate::findings::FindingsInput;
use crate::findings::evidence::count_of;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::wording::source_addresses;
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The client used several source addresses",
        severities: &[Severity::Info],
        means: "From one address to one server port, there can be only as many connections \
             as there are ephemeral ports (about 28,000 by default). For more than that, \
             the built-in client uses further loopback addresses: 127.0.0.2, 127.0.0.3 \
             and so on.",
        look_at: "/proc/sys/net/ipv4/ip_local_port_range; the client addresses in flows.jsonl.",
        to_do: "Nothing has to be done. A filter for one address in Wireshark shows only a \
             part of the flows.",
        filter: Some(
            "tcp.port == {port} && tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.src != 127.0.0.1",
        ),
        evidence: &[
            ("addresses", "how many addresses"),
            ("first", "the lowest of them"),
            ("last", "the highest of them"),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    // Of somebody else's program the reason is not known.
    if !input.run.plan.has_built_in_client() {
        return None;
    }
    // Others may connect to this port, too.
    let owned = input.run.correlation.client_owned.is_some();
    let own = input
        .flows
        .iter()
        .filter(|f| !owned || f.client_owner.is_some());
    let addresses: BTreeSet<IpAddr> = own.map(|f| f.client.ip).collect();
    let (first, last) = (addresses.first()?, addresses.last()?);
    if first == last {
        return None;
    }
    let n = count_of(addresses.iter());
    let (first, last) = (first.to_string(), last.to_string());
    let sentence = source_addresses::used(n, &first, &last);
    Some(
        says(sentence)
            .with("addresses", n)
            .with("first", first)
            .with("last", last),
    )
}
