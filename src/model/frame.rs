//! A captured frame, before anything is decoded.

use super::Timestamp;

/// A link-layer header type, by its LINKTYPE number in capture files
/// (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the host's byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet; also what Linux's loopback interface shows.
    pub const ETHERNET: Self = Self(1);
    /// Token ring (IEEE 802.5).
    pub const TOKEN_RING: Self = Self(6);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// `PPPoE` session packets.
    pub const PPP_ETHER: Self = Self(51);
    /// LLC over ATM (RFC 1483).
    pub const ATM_RFC1483: Self = Self(100);
    /// Raw IP, version told by its first nibble.
    pub const RAW: Self = Self(101);
    /// Cisco's HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Frame relay.
    pub const FRAME_RELAY: Self = Self(107);
    /// `OpenBSD` loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// `OpenBSD`'s view of what `IPsec` carries.
    pub const ENC: Self = Self(109);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// What `OpenBSD`'s packet filter logs.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 behind a Prism header.
    pub const IEEE802_11_PRISM: Self = Self(119);
    /// IEEE 802.11 behind a radiotap header.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// IEEE 802.11 behind an AVS header.
    pub const IEEE802_11_AVS: Self = Self(163);
    /// PPP, and before it a byte for the direction, as Linux has it.
    pub const LINUX_PPP_WITH_DIRECTION: Self = Self(166);
    /// Per-packet information, and behind it another link type.
    pub const PPI: Self = Self(192);
    /// PPP, and before it a byte for the direction.
    pub const PPP_WITH_DIRECTION: Self = Self(204);
    /// Cisco's HDLC, and before it a byte for the direction.
    pub const C_HDLC_WITH_DIRECTION: Self = Self(205);
    /// Frame relay, and before it a byte for the direction.
    pub const FRAME_RELAY_WITH_DIRECTION: Self = Self(206);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// What the packet filter of Linux logs.
    pub const NFLOG: Self = Self(239);
    /// What macOS tells of a frame, and behind it another link type.
    pub const PKTAP: Self = Self(258);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// All that have a name here.
    pub const NAMED: [Self; 29] = [
        Self::NULL,
        Self::ETHERNET,
        Self::TOKEN_RING,
        Self::PPP,
        Self::FDDI,
        Self::PPP_HDLC,
        Self::PPP_ETHER,
        Self::ATM_RFC1483,
        Self::RAW,
        Self::C_HDLC,
        Self::IEEE802_11,
        Self::FRAME_RELAY,
        Self::LOOP,
        Self::ENC,
        Self::LINUX_SLL,
        Self::PFLOG,
        Self::IEEE802_11_PRISM,
        Self::IEEE802_11_RADIOTAP,
        Self::IEEE802_11_AVS,
        Self::LINUX_PPP_WITH_DIRECTION,
        Self::PPI,
        Self::PPP_WITH_DIRECTION,
        Self::C_HDLC_WITH_DIRECTION,
        Self::FRAME_RELAY_WITH_DIRECTION,
        Self::IPV4,
        Self::IPV6,
        Self::NFLOG,
        Self::PKTAP,
        Self::LINUX_SLL2,
    ];

    /// The name of a link type that people meet and that is not decoded; `None` of all
    /// others.
    #[must_use]
    pub const fn name_of_unsupported(self) -> Option<&'static str> {
        Some(match self.0 {
            3 => "AX25",
            7 => "ARCNET_BSD",
            8 => "SLIP",
            19 | 106 => "ATM_CLIP",
            114 => "LTALK",
            122 => "IP_OVER_FC",
            123 => "SUNATM",
            129 => "ARCNET_LINUX",
            138 => "APPLE_IP_OVER_IEEE1394",
            139..=142 => "SS7",
            143 => "DOCSIS",
            144 => "LINUX_IRDA",
            147..=162 => "USER",
            130..=137 | 180 | 181 | 194 | 200 | 238 => "JUNIPER",
            187 | 201 | 251 | 254..=256 => "BLUETOOTH",
            189 | 220 | 249 | 266 => "USB",
            190 | 227 => "CAN",
            191 | 195 | 215 | 230 | 283 => "IEEE802_15_4",
            197 => "ERF",
            226 => "IPNET",
            231 => "DBUS",
            240 | 241 => "NETANALYZER",
            242 => "IPOIB",
            247 | 248 => "SCTP",
            253 => "NETLINK",
            271 => "VSOCK",
            274 => "ETHERNET_MPACKET",
            282 | 284 | 285 => "DSA_TAG",
            _ => return None,
        })
    }
}

/// One frame as it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// What its first bytes are.
    pub link: LinkType,
    /// Its length on the wire in bytes, also where fewer were captured.
    pub wire_len: u32,
    /// The captured bytes, cut at the capture's snapshot length.
    pub bytes: &'a [u8],
}
