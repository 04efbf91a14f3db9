//! What is in something: an Ethernet frame, or what its headers lead to.

use super::Skip;
use super::datagram::Captured;
use super::link;
use super::next::{Network, Next};

/// What comes next, and its bytes.
pub(super) type Inner<'a> = Result<(Next, Captured<'a>), Skip>;

/// An Ethernet frame in something.
pub(super) fn ethernet(frame: Captured<'_>) -> Inner<'_> {
    follows(frame, link::ethernet(frame.bytes))
}

/// What follows the headers that were stepped over.
pub(super) fn follows<'a>(from: Captured<'a>, network: Result<Network<'a>, Skip>) -> Inner<'a> {
    let (next, bytes) = network?;
    Ok((next, from.at(bytes)))
}
