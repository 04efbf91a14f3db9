//! What a server's processes did with connections that they were alone with: who sends on
//! them is sure, and that it did is on the wire. That it received is not: what came may
//! lie unread in its socket, and an orderly end does not tell, since who has called
//! shutdown(2) may close with something unread and send no RST.

use super::built::acceptance;
use crate::activity::Activity;
use crate::correlate::pairs;
use crate::model::FlowRecord;

/// Adds to what was seen of a server what the wire tells of it.
pub(super) fn conclude(side: &mut Activity, flows: &[FlowRecord]) {
    let accepted = &mut side.sockets.accepted;
    if !accepted.iter().any(|a| a.alone) {
        return;
    }
    let found = pairs::of_acceptances(flows, accepted, acceptance);
    for (accepted, flow) in accepted.iter_mut().zip(found) {
        if let Some(flow) = flow {
            accepted.was_used_alone(flows[flow].server_payload_bytes > 0);
        }
    }
}
