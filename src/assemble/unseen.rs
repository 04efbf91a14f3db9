//! What a side may have done unseen: it had ways to use sockets that nobody looks
//! at (an `io_uring(7)`, an unknown convention of system calls).

use crate::activity::Activity;
use crate::model::{FlowRecord, Side};

/// Whether it had such ways, and flows are there that it was not seen to make or take.
pub(super) fn hides_flows(side: &Activity, of: Side, flows: &[FlowRecord]) -> bool {
    side.has_blind_spots() && flows.iter().any(|f| f.is_nobodys(of))
}

/// Whether a client may have tried to make connections that are not known: it had
/// such ways, and the wire is no proof that they were not used.
pub(super) fn hides_attempts(side: &Activity, flows: &[FlowRecord], lossless: bool) -> bool {
    let proof = lossless && !flows.is_empty() && !hides_flows(side, Side::Client, flows);
    side.has_blind_spots() && !proof
}

/// Why no model is concluded of a side that hides flows.
pub(super) const BECAUSE: &str =
    "it has ways to use sockets that are not seen, such as io_uring(7), and used them";
