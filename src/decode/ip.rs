//! The network layer: IPv4 or IPv6, down to the first byte of the TCP header.

use etherparse::err::{ipv4, ipv6};
use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice,
    Ipv6RawExtHeaderSlice,
};

use crate::model::{Frame, Segment};

use super::datagram::Datagram;
use super::{Skip, tcp};

/// The segment in an IPv4 datagram, which begins `bytes` and is `wire_len`
/// long on the wire.
#[inline]
pub(super) fn v4<'a>(
    frame: &Frame<'a>,
    bytes: &'a [u8],
    wire_len: u32,
) -> Result<Segment<'a>, Skip> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|e| match e {
        ipv4::HeaderSliceError::Len(_) => Skip::Truncated,
        ipv4::HeaderSliceError::Content(_) => Skip::Malformed,
    })?;
    let protocol = header.protocol();
    if protocol != IpNumber::TCP && protocol != IpNumber::AUTHENTICATION_HEADER {
        return Err(not_tcp(protocol));
    }
    if header.fragments_offset().value() != 0 {
        return Err(Skip::LaterFragment);
    }
    let header_len = usize::from(header.ihl()) * 4;
    let total = match u32::from(header.total_len()) {
        // Segmentation offload: the length was left for the network card.
        0 => wire_len,
        total => total.min(wire_len),
    };
    let datagram = Datagram {
        bytes: bytes.get(header_len..).unwrap_or_default(),
        len: total
            .checked_sub(u32::from(header.ihl()) * 4)
            .ok_or(Skip::Malformed)?,
        fragment: header.more_fragments(),
    };
    let mut datagram = datagram.trimmed();
    if protocol != IpNumber::TCP {
        datagram = extensions(datagram, protocol)?;
    }
    let tcp = tcp::parse(&datagram)?;
    Ok(tcp.segment(frame, header.source_addr(), header.destination_addr()))
}

/// The same of IPv6.
#[inline]
pub(super) fn v6<'a>(
    frame: &Frame<'a>,
    bytes: &'a [u8],
    wire_len: u32,
) -> Result<Segment<'a>, Skip> {
    let header = Ipv6HeaderSlice::from_slice(bytes).map_err(|e| match e {
        ipv6::HeaderSliceError::Len(_) => Skip::Truncated,
        ipv6::HeaderSliceError::Content(_) => Skip::Malformed,
    })?;
    let available = wire_len.saturating_sub(40);
    let len = match u32::from(header.payload_length()) {
        // Segmentation offload, or a jumbogram (RFC 2675): the frame's own length.
        0 => available,
        len => len.min(available),
    };
    let mut datagram = Datagram {
        bytes: bytes.get(40..).unwrap_or_default(),
        len,
        fragment: false,
    }
    .trimmed();
    if header.next_header() != IpNumber::TCP {
        datagram = extensions(datagram, header.next_header())?;
    }
    let tcp = tcp::parse(&datagram)?;
    Ok(tcp.segment(frame, header.source_addr(), header.destination_addr()))
}

/// Steps over IPv6 extension headers and AH (RFC 8200, 4; RFC 4302).
#[cold]
fn extensions(mut datagram: Datagram<'_>, mut next: IpNumber) -> Result<Datagram<'_>, Skip> {
    loop {
        let len = match next {
            IpNumber::TCP => return Ok(datagram),
            IpNumber::IPV6_HEADER_HOP_BY_HOP
            | IpNumber::IPV6_DESTINATION_OPTIONS
            | IpNumber::IPV6_ROUTE_HEADER => {
                let header = Ipv6RawExtHeaderSlice::from_slice(datagram.bytes)
                    .map_err(|_| datagram.too_short())?;
                next = header.next_header();
                header.slice().len()
            }
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                let header = Ipv6FragmentHeaderSlice::from_slice(datagram.bytes)
                    .map_err(|_| datagram.too_short())?;
                next = header.next_header();
                if header.fragment_offset().value() != 0 {
                    return Err(if follows_to_tcp(next) {
                        Skip::LaterFragment
                    } else {
                        not_tcp(next)
                    });
                }
                datagram.fragment |= header.more_fragments();
                header.slice().len()
            }
            IpNumber::AUTHENTICATION_HEADER => {
                let header = IpAuthHeaderSlice::from_slice(datagram.bytes)
                    .map_err(|_| datagram.too_short())?;
                next = header.next_header();
                header.slice().len()
            }
            other => return Err(not_tcp(other)),
        };
        // The slices above lie within `bytes`, which is at most `len` long.
        datagram.bytes = datagram.bytes.get(len..).unwrap_or_default();
        datagram.len = datagram
            .len
            .saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
    }
}

fn follows_to_tcp(next: IpNumber) -> bool {
    matches!(
        next,
        IpNumber::TCP
            | IpNumber::IPV6_DESTINATION_OPTIONS
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::AUTHENTICATION_HEADER
    )
}

fn not_tcp(protocol: IpNumber) -> Skip {
    /// Generic routing encapsulation, Ethernet in IP, and the like.
    const TUNNELS: [u8; 6] = [4, 41, 47, 55, 94, 97];
    if TUNNELS.contains(&protocol.0) {
        Skip::Tunnel
    } else {
        Skip::NotTcp
    }
}
