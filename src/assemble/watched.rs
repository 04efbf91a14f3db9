//! Somebody else's program, as it was watched.

use crate::activity::{Accepted, Activity, User};
use crate::model::Provenance;
use crate::model::observation::SideObservation;

/// What was seen of somebody else's program.
#[derive(Clone, Copy)]
pub(super) struct Watched<'a> {
    pub seen: &'a SideObservation,
    /// What its tasks did; `None` where it was not traced.
    pub activity: Option<&'a Activity>,
}

impl<'a> Watched<'a> {
    /// What its tasks did, where every call on a socket was seen.
    pub fn in_full(&self) -> Option<&'a Activity> {
        self.activity.filter(|side| !side.hides_sockets())
    }

    /// How it is known whose its connections are.
    pub fn provenance(&self) -> Provenance {
        self.activity
            .map_or(Provenance::Traced, Activity::provenance)
    }
}

/// Who is taken to have served a connection: whoever first received from it,
/// or else first sent on it.
pub(super) fn serving(accepted: &Accepted) -> Option<User> {
    accepted.received.or(accepted.sent)
}
