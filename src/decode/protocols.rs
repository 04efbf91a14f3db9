//! The protocols in IP that lead into a tunnel, by their numbers.

use etherparse::IpNumber;

use super::datagram::Captured;
use super::overlay;

/// IP in IP (RFC 2003, 2473, 4213).
pub(super) const IPV4: u8 = 4;
pub(super) const IPV6: u8 = 41;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const GRE: u8 = 47;
/// Ethernet in IP (RFC 3378).
pub(super) const ETHERNET: u8 = 97;
/// MPLS in IP (RFC 4023).
pub(super) const MPLS: u8 = 137;
/// Minimal encapsulation (RFC 2004), IPIP, and L2TP (RFC 3931): not followed.
const MINIMAL: u8 = 55;
const IPIP: u8 = 94;
const L2TP: u8 = 115;

/// Whether the payload of a datagram leads into a tunnel.
pub(super) fn is_tunnel(protocol: IpNumber, payload: &[u8]) -> bool {
    match protocol.0 {
        IPV4 | IPV6 | GRE | MINIMAL | IPIP | ETHERNET | L2TP | MPLS => true,
        UDP => overlay::open(Captured::whole(payload)).is_ok(),
        _ => false,
    }
}
