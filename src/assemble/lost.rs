//! What the capture lost of what passed the tap, by its own account.

use crate::model::observation::{Observation, Trouble};

/// Frames that the kernel and the interface dropped; `None`: nobody told.
fn dropped(observation: &Observation) -> impl Iterator<Item = Option<u64>> {
    let wire = observation.wire.iter();
    wire.flat_map(|w| [w.dropped_by_kernel, w.dropped_by_interface])
}

/// Whether it is known that nothing was lost.
pub(super) fn nothing(observation: &Observation) -> bool {
    observation.wire.is_some() && dropped(observation).all(|n| n == Some(0))
}

/// Whether it is known that frames were lost.
pub(super) fn frames(observation: &Observation) -> bool {
    dropped(observation).any(|n| n > Some(0))
}

/// Whether everything that passed the tap is in the capture.
pub(super) fn is_whole(observation: &Observation) -> bool {
    let failed = |t: &Trouble| matches!(t, Trouble::CaptureFailed { .. });
    nothing(observation) && !observation.troubles.iter().any(failed)
}
