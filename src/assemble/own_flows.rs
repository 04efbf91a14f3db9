//! Which flows are the run's own: others may talk to the same port, and may have
//! done so before it began. What is not its own is in no figure of its requests.

use super::watch::Watch;
use crate::correlate::{ClientSocket, may_have_made};
use crate::model::FlowRecord;

/// What is known of the client's connections.
pub(super) struct Known<'a> {
    /// Those that it tried to make and whose own end is not known; `None` where not
    /// all that it tried are known.
    pub sockets: Option<&'a [ClientSocket]>,
    /// Whether no frame was lost: the tap is open before the client is started, so
    /// that a flow without a SYN is an older one then.
    pub lossless: bool,
    /// The time of a watch, in which a connection may go on that began before it.
    pub watch: Option<&'a Watch>,
}

/// The flows that are the run's own, as far as that can be told: those with an
/// owner, and those that a worker may have made that could not tell its port any
/// more. Where the client's connections are not known, all that began in its time.
pub(super) fn of<'f>(flows: &'f [FlowRecord], known: &Known<'_>) -> Vec<&'f FlowRecord> {
    let is_older = |f: &FlowRecord| known.lossless && f.handshake.is_none();
    let is_own = |f: &&FlowRecord| {
        if known.watch.is_some_and(|watch| !watch.began_in(f)) {
            return false;
        }
        f.client_owner.is_some()
            || !is_older(f)
                && known
                    .sockets
                    .is_none_or(|sockets| sockets.iter().any(|socket| may_have_made(f, socket)))
    };
    flows.iter().filter(is_own).collect()
}

/// The client's own flows, and those of its that began before it was watched; `None` where
/// there are none of these to know of.
pub(super) fn with_older<'f>(
    own: Option<&[&'f FlowRecord]>,
    flows: &'f [FlowRecord],
    watch: Option<&Watch>,
) -> Option<Vec<&'f FlowRecord>> {
    let (own, watch) = (own?, watch?);
    let older = flows.iter().filter(|flow| watch.is_earlier_own(flow));
    Some(own.iter().copied().chain(older).collect())
}
