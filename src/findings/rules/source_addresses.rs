//! `source_addresses`: the built-in client spread over several addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::findings::{FindingsInput, count_of};
use crate::model::{Finding, Severity};
use crate::text::units::count;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    // Of somebody else's program the reason is not known.
    if input.run.plan.client_command.is_some() {
        return None;
    }
    let addresses: BTreeSet<IpAddr> = input.flows.iter().map(|f| f.client.ip).collect();
    let (first, last) = (addresses.first()?, addresses.last()?);
    if first == last {
        return None;
    }
    let n = count_of(addresses.iter());
    let message = format!(
        "The clients used {} source addresses ({first} to {last}), because one address has \
         only so many ephemeral ports to one server.",
        count(n),
    );
    Some(
        Finding::new("source_addresses", Severity::Info, message)
            .with("addresses", n)
            .with("first", first.to_string())
            .with("last", last.to_string()),
    )
}
