//! Through tunnels: IP in IP, GRE, VXLAN, Geneve and MPLS, to the TCP segment in the
//! innermost datagram.
//!
//! Every header is shorter than what it is in, and no more than [`MOST_LAYERS`] are
//! followed: a frame that was made to nest without end ends here.

use std::net::IpAddr;

use etherparse::IpNumber;

use super::datagram::{Captured, Datagram};
use super::inner::{Inner, ethernet};
use super::next::Next;
use super::{Skip, gre, ip, mpls, overlay, protocols, tcp};
use crate::model::{Frame, Segment};

/// Datagrams, Ethernet frames and stacks of labels that may be in each other. Real
/// networks have four or five.
const MOST_LAYERS: usize = 16;

/// The tag before the inner addresses: flags and the service's number (IEEE 802.1ah).
const BACKBONE_TAG: usize = 4;
/// Version and reserved bits before an Ethernet frame in IP.
const ETHERNET_IN_IP: usize = 2;

/// The segment behind the headers that `next` begins, all tunnels followed.
pub(super) fn follow<'a>(
    frame: &Frame<'a>,
    mut next: Next,
    mut rest: Captured<'a>,
) -> Result<Segment<'a>, Skip> {
    // Of several networks in each other, the innermost.
    let mut vni = None;
    for _ in 0..MOST_LAYERS {
        let inner = match next.settled(rest.bytes)? {
            Next::V4 => {
                let packet = ip::open_v4(rest.bytes, rest.len).map_err(later)?;
                let header = packet.header;
                let ends = [header.source_addr(), header.destination_addr()];
                if packet.protocol.0 == protocols::TCP {
                    return segment(frame, ends.map(IpAddr::V4), packet.datagram, vni);
                }
                within(packet.protocol, packet.datagram, &mut vni)
            }
            Next::V6 => {
                let packet = ip::open_v6(rest.bytes, rest.len).map_err(later)?;
                let header = packet.header;
                let ends = [header.source_addr(), header.destination_addr()];
                if packet.protocol.0 == protocols::TCP {
                    return segment(frame, ends.map(IpAddr::V6), packet.datagram, vni);
                }
                within(packet.protocol, packet.datagram, &mut vni)
            }
            Next::Mpls => mpls::strip(rest),
            Next::Backbone => ethernet(rest.after(BACKBONE_TAG)),
            Next::ByNibble => Err(Skip::NotIp),
        };
        (next, rest) = inner?;
    }
    Err(Skip::Tunnel)
}

/// Of what is followed, only a later fragment's header is not opened.
fn later(skip: Skip) -> Skip {
    match skip {
        Skip::Tunnel => Skip::LaterFragment,
        other => other,
    }
}

fn segment<'a>(
    frame: &Frame<'a>,
    [source, destination]: [IpAddr; 2],
    datagram: Datagram<'a>,
    vni: Option<u32>,
) -> Result<Segment<'a>, Skip> {
    let segment = tcp::parse(&datagram)?.segment(frame, source, destination);
    Ok(Segment { vni, ..segment })
}

/// What a datagram carries that is not TCP. Of one in fragments, the first may hold all
/// of what is in it: the inner header says how long that is.
fn within<'a>(protocol: IpNumber, datagram: Datagram<'a>, vni: &mut Option<u32>) -> Inner<'a> {
    let payload = datagram.carried();
    match protocol.0 {
        protocols::IPV4 => Ok((Next::V4, payload)),
        protocols::IPV6 => Ok((Next::V6, payload)),
        protocols::MPLS => Ok((Next::Mpls, payload)),
        protocols::GRE => gre::strip(payload),
        protocols::ETHERNET => ethernet(payload.after(ETHERNET_IN_IP)),
        protocols::UDP => {
            let (number, inner) = overlay::open(payload)?;
            *vni = Some(number);
            inner
        }
        _ => Err(ip::not_tcp(protocol, payload.bytes)),
    }
}
