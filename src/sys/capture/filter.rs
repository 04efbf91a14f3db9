//! libpcap's filter language, applied to frames of files.

use std::ffi::{c_int, c_uint};

use pcap::{BpfProgram, Capture, Linktype};
use thiserror::Error;

use crate::model::{Frame, LinkType};

/// A filter that libpcap does not understand.
#[derive(Debug, Error)]
#[error("the filter {filter:?} is not valid: {reason}; see pcap-filter(7)")]
pub struct FilterError {
    /// The filter.
    pub filter: String,
    /// libpcap's words.
    pub reason: String,
}

/// A filter (pcap-filter(7)). It is compiled once for each link type that comes.
pub struct Filter {
    text: String,
    programs: Vec<(LinkType, Option<BpfProgram>)>,
}

impl Filter {
    /// Understands a filter.
    ///
    /// # Errors
    /// When libpcap does not.
    pub fn new(text: &str) -> Result<Self, FilterError> {
        // A filter may make sense for one link type and not for another; one
        // that is nonsense for Ethernet is taken to be nonsense.
        let ethernet = compile(text, LinkType::ETHERNET).map_err(|reason| FilterError {
            filter: text.to_owned(),
            reason,
        })?;
        Ok(Self {
            text: text.to_owned(),
            programs: vec![(LinkType::ETHERNET, Some(ethernet))],
        })
    }

    /// Compiles it for all of these, as far as it makes sense there. Names in it are looked
    /// up now (hosts(5), services(5), DNS); for other link types, when one of their frames
    /// comes.
    #[must_use]
    pub fn compiled_for(mut self, links: &[LinkType]) -> Self {
        for link in links {
            self.program(*link);
        }
        self
    }

    /// Whether it matches. On a link type for which it makes no sense it matches
    /// nothing.
    pub fn matches(&mut self, frame: &Frame<'_>) -> bool {
        let program = self.program(frame.link);
        program.is_some_and(|p| selects(p, frame))
    }

    /// The program for a link type; `None` where the filter makes no sense for it.
    fn program(&mut self, link: LinkType) -> Option<&BpfProgram> {
        let known = self.programs.iter().position(|(l, _)| *l == link);
        let at = known.unwrap_or_else(|| {
            let program = compile(&self.text, link).ok();
            self.programs.push((link, program));
            self.programs.len() - 1
        });
        self.programs[at].1.as_ref()
    }
}

/// libpcap's `struct bpf_program`.
#[repr(C)]
struct Program {
    length: c_uint,
    instructions: *const pcap::BpfInstruction,
}

/// libpcap's `struct pcap_pkthdr`.
#[repr(C)]
struct Header {
    time: libc::timeval,
    captured: c_uint,
    on_the_wire: c_uint,
}

unsafe extern "C" {
    fn pcap_offline_filter(
        program: *const Program,
        header: *const Header,
        bytes: *const u8,
    ) -> c_int;
}

/// Whether a program selects a frame. The crate's own way to ask knows the
/// captured length only, but `len` and `greater` are about the frame on the wire.
fn selects(program: &BpfProgram, frame: &Frame<'_>) -> bool {
    let instructions = program.get_instructions();
    let (Ok(length), Ok(captured)) = (
        c_uint::try_from(instructions.len()),
        c_uint::try_from(frame.bytes.len()),
    ) else {
        return false;
    };
    let program = Program {
        length,
        instructions: instructions.as_ptr(),
    };
    let header = Header {
        time: libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        },
        captured,
        on_the_wire: frame.wire_len,
    };
    // SAFETY: both structures have the layout of libpcap's and live past the call,
    // the instructions are a program that libpcap has compiled, and `captured` bytes
    // can be read. The function writes nothing and keeps no pointer.
    unsafe { pcap_offline_filter(&raw const program, &raw const header, frame.bytes.as_ptr()) > 0 }
}

fn compile(text: &str, link: LinkType) -> Result<BpfProgram, String> {
    if text.contains('\0') {
        return Err("it contains a NUL byte".to_owned());
    }
    // LINKTYPE 101 is DLT 12 on Linux; for the others that are read here the
    // numbers are the same.
    let dlt = if link == LinkType::RAW {
        12
    } else {
        i32::from(link.0)
    };
    Capture::dead(Linktype(dlt))
        .and_then(|capture| capture.compile(text, true))
        .map_err(|e| match e {
            pcap::Error::PcapError(words) => words.escape_debug().to_string(),
            other => other.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn nonsense_is_told_in_libpcap_s_words() {
        assert!(Filter::new("tcp port 45000").is_ok());
        assert!(Filter::new("tcp prot 45000").is_err());
        assert!(Filter::new("a\0b").is_err());
    }

    #[test]
    fn a_filter_follows_the_link_type() {
        let mut filter = Filter::new("ip proto 6").unwrap();
        let mut ip = [0u8; 40];
        ip[0] = 0x45;
        ip[9] = 6;
        let raw = Frame {
            time: Timestamp::from_nanos(0),
            link: LinkType::RAW,
            wire_len: 40,
            bytes: &ip,
        };
        assert!(filter.matches(&raw));
        assert!(!filter.matches(&Frame {
            link: LinkType::ETHERNET,
            ..raw
        }));
    }

    #[test]
    fn the_length_is_that_of_the_frame_on_the_wire() {
        let mut ip = [0u8; 40];
        ip[0] = 0x45;
        ip[9] = 6;
        let cut = |bytes| Frame {
            time: Timestamp::from_nanos(0),
            link: LinkType::RAW,
            wire_len: 1454,
            bytes,
        };
        let matches = |filter: &str, bytes| Filter::new(filter).unwrap().matches(&cut(bytes));
        for filter in ["greater 1000", "len == 1454", "len > 1453", "not less 1453"] {
            assert!(matches(filter, &ip[..]), "{filter}");
        }
        assert!(!matches("less 1000", &ip[..]));
        assert!(!matches("len == 40", &ip[..]));
        // What was not captured is not there, and a test of it does not hold.
        assert!(matches("tcp[13] == 0", &ip[..]));
        assert!(!matches("tcp[13] == 0", &ip[..30]));
        assert!(!matches("ip", &[]));
    }
}
