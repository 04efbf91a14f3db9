//! The network layer: IPv4 or IPv6, down to the first byte of the TCP header.

use etherparse::err::{ipv4, ipv6};
use etherparse::{
    IpAuthHeaderSlice, IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice,
    Ipv6RawExtHeaderSlice,
};

use crate::model::{Frame, Segment};

use super::datagram::Datagram;
use super::{Skip, protocols, tcp};

/// An IP header, and what is behind it and its extensions.
pub(super) struct Packet<H, D> {
    /// The header, which has the addresses.
    pub header: H,
    /// What the payload is.
    pub protocol: IpNumber,
    /// The payload.
    pub datagram: D,
}

/// Opens an IPv4 datagram, which begins `bytes` and is `wire_len` long on the wire.
#[inline]
pub(super) fn open_v4(
    bytes: &[u8],
    wire_len: u32,
) -> Result<Packet<Ipv4HeaderSlice<'_>, Datagram<'_>>, Skip> {
    let header = Ipv4HeaderSlice::from_slice(bytes).map_err(|e| match e {
        ipv4::HeaderSliceError::Len(_) => Skip::Truncated,
        ipv4::HeaderSliceError::Content(_) => Skip::Malformed,
    })?;
    let mut protocol = header.protocol();
    if header.fragments_offset().value() != 0 {
        return Err(match protocol {
            IpNumber::TCP | IpNumber::AUTHENTICATION_HEADER => Skip::LaterFragment,
            other => not_tcp(other, &[]),
        });
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
    if protocol == IpNumber::AUTHENTICATION_HEADER {
        (protocol, datagram) = extensions(datagram, protocol)?;
    }
    Ok(Packet {
        header,
        protocol,
        datagram,
    })
}

/// The same of IPv6.
#[inline]
pub(super) fn open_v6(
    bytes: &[u8],
    wire_len: u32,
) -> Result<Packet<Ipv6HeaderSlice<'_>, Datagram<'_>>, Skip> {
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
    let mut protocol = header.next_header();
    if protocol != IpNumber::TCP {
        (protocol, datagram) = extensions(datagram, protocol)?;
    }
    Ok(Packet {
        header,
        protocol,
        datagram,
    })
}

/// The segment in an IPv4 datagram.
#[inline]
pub(super) fn v4<'a>(
    frame: &Frame<'a>,
    bytes: &'a [u8],
    wire_len: u32,
) -> Result<Segment<'a>, Skip> {
    let packet = open_v4(bytes, wire_len)?;
    if packet.protocol != IpNumber::TCP {
        return Err(not_tcp(packet.protocol, packet.datagram.bytes));
    }
    let tcp = tcp::parse(&packet.datagram)?;
    let header = packet.header;
    Ok(tcp.segment(frame, header.source_addr(), header.destination_addr()))
}

/// The segment in an IPv6 datagram.
#[inline]
pub(super) fn v6<'a>(
    frame: &Frame<'a>,
    bytes: &'a [u8],
    wire_len: u32,
) -> Result<Segment<'a>, Skip> {
    let packet = open_v6(bytes, wire_len)?;
    if packet.protocol != IpNumber::TCP {
        return Err(not_tcp(packet.protocol, packet.datagram.bytes));
    }
    let tcp = tcp::parse(&packet.datagram)?;
    let header = packet.header;
    Ok(tcp.segment(frame, header.source_addr(), header.destination_addr()))
}

/// Steps over IPv6 extension headers and AH (RFC 8200, 4; RFC 4302).
#[cold]
fn extensions(
    mut datagram: Datagram<'_>,
    mut next: IpNumber,
) -> Result<(IpNumber, Datagram<'_>), Skip> {
    loop {
        let len = match next {
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
                    return Err(if leads_to_tcp(next) {
                        Skip::LaterFragment
                    } else {
                        not_tcp(next, &[])
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
            other => return Ok((other, datagram)),
        };
        // The slices above lie within `bytes`, which is at most `len` long.
        datagram.bytes = datagram.bytes.get(len..).unwrap_or_default();
        datagram.len = datagram
            .len
            .saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
    }
}

fn leads_to_tcp(next: IpNumber) -> bool {
    matches!(
        next,
        IpNumber::TCP
            | IpNumber::IPV6_DESTINATION_OPTIONS
            | IpNumber::IPV6_ROUTE_HEADER
            | IpNumber::AUTHENTICATION_HEADER
    )
}

/// Why a datagram with this payload gives no segment.
#[cold]
pub(super) fn not_tcp(protocol: IpNumber, payload: &[u8]) -> Skip {
    if protocols::is_tunnel(protocol, payload) {
        Skip::Tunnel
    } else {
        Skip::NotTcp
    }
}
