//! `--filter`: a capture filter, and what to say of one that is none.

use crate::sys::capture::filter::Filter;
use crate::text::display_filter::{DisplayFilter, display_filter};

/// A filter; where libpcap does not understand it because it is Wireshark's, the
/// error says what to type.
pub(super) fn understood(text: &str) -> anyhow::Result<Filter> {
    Filter::new(text).map_err(|e| {
        let Some(display) = display_filter(text) else {
            return e.into();
        };
        let hint = match display {
            DisplayFilter::Means(capture) if Filter::new(&capture).is_ok() => {
                format!("the same as a capture filter: '{capture}'")
            }
            DisplayFilter::Option(option) => format!("for this use {option}"),
            _ => "for example 'tcp port 8000' for tcp.port == 8000, 'host 10.0.0.1' for \
                  ip.addr == 10.0.0.1; see pcap-filter(7)"
                .to_owned(),
        };
        anyhow::anyhow!(
            "the filter {text:?} is a display filter of Wireshark, and --filter takes capture \
             filters: {hint}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpcap_understands_the_hints() {
        for (text, hint) in [
            ("tcp.port == 8000", "'tcp port 8000'"),
            ("ip.src == 10.0.0.0/8", "'src net 10.0.0.0/8'"),
            (
                "ipv6.addr == ::1 && !tcp.flags.ack",
                "'host ::1 and not tcp[tcpflags] & tcp-ack != 0'",
            ),
            ("tcp.flags.ece == 1", "'tcp[tcpflags] & tcp-ece != 0'"),
            ("tcp.dstport > 1023", "'tcp dst portrange 1024-65535'"),
            ("frame.len >= 1000", "'len >= 1000'"),
            (
                "eth.src == 00:11:22:33:44:55",
                "'ether src host 00:11:22:33:44:55'",
            ),
            ("tcp.stream == 3", "for this use --flow NUMBER"),
            ("tcp.len > 0", "'tcp port 8000' for tcp.port == 8000"),
        ] {
            let said = understood(text).err().unwrap().to_string();
            assert!(said.contains("display filter"), "{said}");
            assert!(said.contains(hint), "{text}: {said}");
            assert!(!said.contains('\n'), "{said}");
        }
        let said = understood("tcp prot 80").err().unwrap().to_string();
        assert!(said.contains("pcap-filter(7)") && !said.contains("Wireshark"));
        assert!(understood("tcp port 8000").is_ok());
    }
}
