//! pcapng with everything that is known written on the frames.

use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;

use super::block::{block, end_of_options, number, option, pad, stamp, text};
use super::sink::RecordSink;
use crate::capfile::MAX_SNAPLEN;
use crate::model::{Frame, LinkType, Pid, Tid, Timestamp};

/// What a section says of itself (draft-ietf-opsawg-pcapng, section 4.1). Empty
/// texts are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct SectionInfo<'a> {
    /// The program that writes it, with its version (`shb_userappl`).
    pub application: &'a str,
    /// The operating system (`shb_os`).
    pub os: &'a str,
    /// The machine (`shb_hardware`).
    pub hardware: &'a str,
    /// A comment on the whole section.
    pub comment: &'a str,
}

/// What is said of an interface (section 4.2). Empty texts are left out. Times
/// are always in nanoseconds (`if_tsresol` 9).
#[derive(Clone, Copy, Debug)]
pub struct InterfaceInfo<'a> {
    /// What its frames begin with.
    pub link: LinkType,
    /// Captured bytes of a frame at most; 0 means [`MAX_SNAPLEN`].
    pub snaplen: u32,
    /// Its name, as `lo` (`if_name`).
    pub name: &'a str,
    /// A description (`if_description`).
    pub description: &'a str,
    /// The capture filter, in libpcap's language (`if_filter`).
    pub filter: &'a str,
}

/// An interface of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceRef(u32);

/// Which way a frame went (`epb_flags`, bits 0 and 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the machine.
    Inbound,
    /// From it.
    Outbound,
}

/// What is written on a frame (sections 3.5 and 4.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Note<'a> {
    /// Comments, which Wireshark shows; empty ones are left out.
    pub comments: &'a [&'a str],
    /// Which way it went, if that is known.
    pub direction: Option<Direction>,
    /// The process and thread it belongs to (`epb_processid_threadid`), which
    /// Wireshark passes over.
    pub owner: Option<(Pid, Tid)>,
}

/// What an interface has seen in all (section 4.6); unknown figures are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    /// When it was counted.
    pub at: Timestamp,
    /// When the capture began (`isb_starttime`).
    pub start: Option<Timestamp>,
    /// When it ended (`isb_endtime`).
    pub end: Option<Timestamp>,
    /// Frames that the interface received (`isb_ifrecv`).
    pub received: Option<u64>,
    /// Frames that it dropped (`isb_ifdrop`).
    pub dropped_by_interface: Option<u64>,
    /// Frames that passed the filter (`isb_filteraccept`).
    pub accepted: Option<u64>,
    /// Frames that the operating system dropped (`isb_osdrop`).
    pub dropped_by_kernel: Option<u64>,
    /// Frames handed to the program (`isb_usrdeliv`).
    pub delivered: Option<u64>,
}

/// Writes a pcapng file of one section, little-endian, times in nanoseconds.
///
/// Whole blocks only are handed on, as [`PcapWriter`](super::PcapWriter) hands on
/// whole records.
///
/// ```
/// use threadtap::capfile::{CaptureReader, InterfaceInfo, Note, PcapngWriter, SectionInfo};
/// use threadtap::model::LinkType;
///
/// let file = std::fs::File::open("captures/golden/thread.pcap")?;
/// let mut reader = CaptureReader::open(file)?;
/// let mut writer = PcapngWriter::new(Vec::new(), &SectionInfo::default())?;
/// let lo = writer.interface(&InterfaceInfo {
///     link: LinkType::ETHERNET,
///     snaplen: 0,
///     name: "lo",
///     description: "",
///     filter: "",
/// })?;
/// while let Some(frame) = reader.next()? {
///     let comments = &["seen on the loopback interface"][..];
///     writer.write(lo, &frame, &Note { comments, ..Note::default() })?;
/// }
/// assert_eq!(writer.frames(), 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PcapngWriter<W: Write> {
    sink: RecordSink<W>,
    /// Link type and snapshot length of each interface.
    interfaces: Vec<(LinkType, u32)>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file, and hands its header on.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn new(out: W, section: &SectionInfo<'_>) -> io::Result<Self> {
        let mut sink = RecordSink::new(out);
        sink.record(|b| {
            block(b, 0x0a0d_0d0a, |b| {
                b.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
                b.extend_from_slice(&1_u16.to_le_bytes());
                b.extend_from_slice(&0_u16.to_le_bytes());
                // The section's length is not known beforehand.
                b.extend_from_slice(&(-1_i64).to_le_bytes());
                text(b, 1, section.comment);
                text(b, 2, section.hardware);
                text(b, 3, section.os);
                text(b, 4, section.application);
                end_of_options(b);
            });
        })?;
        sink.flush()?;
        Ok(Self {
            sink,
            interfaces: Vec::new(),
        })
    }

    /// Describes an interface, whose frames can be written from then on.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn interface(&mut self, info: &InterfaceInfo<'_>) -> io::Result<InterfaceRef> {
        let snaplen = match info.snaplen {
            0 => MAX_SNAPLEN,
            n => n.min(MAX_SNAPLEN),
        };
        self.sink.record(|b| {
            block(b, 1, |b| {
                b.extend_from_slice(&info.link.0.to_le_bytes());
                b.extend_from_slice(&[0; 2]);
                b.extend_from_slice(&snaplen.to_le_bytes());
                text(b, 2, info.name);
                text(b, 3, info.description);
                option(b, 9, &[9]);
                if !info.filter.is_empty() {
                    // The first byte says that it is a text for libpcap.
                    text(b, 11, &format!("\0{}", info.filter));
                }
                end_of_options(b);
            });
        })?;
        let id = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces.push((info.link, snaplen));
        Ok(InterfaceRef(id))
    }

    /// Adds one frame with what is known of it.
    ///
    /// # Errors
    /// `InvalidInput` if the interface is not of this file, the frame's link type
    /// is not the interface's, or its time is before 1970: such a frame is not
    /// written, and others may follow. Those of `W`: then nothing more can be
    /// written, and [`whole_bytes`](Self::whole_bytes) says where to cut the file.
    pub fn write(
        &mut self,
        interface: InterfaceRef,
        frame: &Frame<'_>,
        note: &Note<'_>,
    ) -> io::Result<()> {
        let &(link, snaplen) = self.known(interface)?;
        if frame.link != link {
            return Err(refused(format!(
                "a frame of link type {} from an interface of link type {}",
                frame.link.0, link.0
            )));
        }
        let time = nanos(frame.time)?;
        let captured = u32::try_from(frame.bytes.len())
            .unwrap_or(u32::MAX)
            .min(snaplen);
        self.sink.frame(|b| {
            block(b, 6, |b| {
                b.extend_from_slice(&interface.0.to_le_bytes());
                b.extend_from_slice(&stamp(time));
                b.extend_from_slice(&captured.to_le_bytes());
                b.extend_from_slice(&frame.wire_len.max(captured).to_le_bytes());
                let start = b.len();
                b.extend_from_slice(&frame.bytes[..captured as usize]);
                pad(b, start);
                note.write(b);
            });
        })
    }

    /// Adds what an interface has seen in all; at the end, usually.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn statistics(
        &mut self,
        interface: InterfaceRef,
        statistics: &Statistics,
    ) -> io::Result<()> {
        self.known(interface)?;
        let at = nanos(statistics.at)?;
        let start = statistics.start.map(nanos).transpose()?;
        let end = statistics.end.map(nanos).transpose()?;
        self.sink.record(|b| {
            block(b, 5, |b| {
                b.extend_from_slice(&interface.0.to_le_bytes());
                b.extend_from_slice(&stamp(at));
                for (code, time) in [(2, start), (3, end)] {
                    if let Some(time) = time {
                        option(b, code, &stamp(time));
                    }
                }
                number(b, 4, statistics.received);
                number(b, 5, statistics.dropped_by_interface);
                number(b, 6, statistics.accepted);
                number(b, 7, statistics.dropped_by_kernel);
                number(b, 8, statistics.delivered);
                end_of_options(b);
            });
        })
    }

    /// Adds names of addresses (section 4.5), which Wireshark shows where names are
    /// resolved. Nothing is written where there is none.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn names(&mut self, names: &[(IpAddr, &str)]) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        self.sink.record(|b| {
            block(b, 4, |b| {
                for (address, name) in names {
                    // What ends the name of an entry cannot stand in it.
                    let name = name.replace('\0', "");
                    let mut value = match address {
                        IpAddr::V4(a) => a.octets().to_vec(),
                        IpAddr::V6(a) => a.octets().to_vec(),
                    };
                    value.extend_from_slice(name.as_bytes());
                    value.push(0);
                    option(b, if address.is_ipv4() { 1 } else { 2 }, &value);
                }
                // nrb_record_end, and no options.
                end_of_options(b);
            });
        })
    }

    /// Hands everything on to `W`, and flushes that.
    ///
    /// # Errors
    /// Those of `W`.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// The file length, in bytes, at which the last whole block that reached `W`
    /// ended. After an error, a file cut there is a whole capture.
    #[must_use]
    pub const fn whole_bytes(&self) -> u64 {
        self.sink.whole_bytes()
    }

    /// Frames written so far, those still buffered included; after an error,
    /// those that reached `W` whole.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.sink.frames()
    }

    /// What is written to.
    #[must_use]
    pub const fn get_ref(&self) -> &W {
        self.sink.get_ref()
    }

    fn known(&self, interface: InterfaceRef) -> io::Result<&(LinkType, u32)> {
        self.interfaces
            .get(interface.0 as usize)
            .ok_or_else(|| refused("an interface of another file".to_owned()))
    }
}

impl Note<'_> {
    fn write(&self, b: &mut Vec<u8>) {
        let start = b.len();
        for comment in self.comments {
            text(b, 1, comment);
        }
        if let Some(direction) = self.direction {
            let flags = match direction {
                Direction::Inbound => 1_u32,
                Direction::Outbound => 2,
            };
            option(b, 2, &flags.to_le_bytes());
        }
        if let Some((pid, tid)) = self.owner {
            let mut value = [0; 8];
            value[..4].copy_from_slice(&pid.0.to_le_bytes());
            value[4..].copy_from_slice(&tid.0.to_le_bytes());
            option(b, 8, &value);
        }
        if b.len() > start {
            end_of_options(b);
        }
    }
}

fn nanos(time: Timestamp) -> io::Result<u64> {
    let nanos = time.as_nanos();
    u64::try_from(nanos)
        .map_err(|_| refused(format!("pcapng cannot hold the time {nanos} ns since 1970")))
}

fn refused(why: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers as they stand in the file.
    fn le(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    fn writer() -> PcapngWriter<Vec<u8>> {
        PcapngWriter::new(Vec::new(), &SectionInfo::default()).unwrap()
    }

    fn lo(snaplen: u32) -> InterfaceInfo<'static> {
        InterfaceInfo {
            link: LinkType::ETHERNET,
            snaplen,
            name: "",
            description: "",
            filter: "",
        }
    }

    /// What is added to the file.
    fn added(
        w: &mut PcapngWriter<Vec<u8>>,
        add: impl FnOnce(&mut PcapngWriter<Vec<u8>>),
    ) -> Vec<u8> {
        w.flush().unwrap();
        let start = w.get_ref().len();
        add(w);
        w.flush().unwrap();
        assert_eq!(w.whole_bytes(), w.get_ref().len() as u64);
        w.get_ref()[start..].to_vec()
    }

    /// Five bytes of a frame of 60, at 1 · 2³² + 2 ns.
    fn frame() -> Frame<'static> {
        Frame {
            time: Timestamp::from_nanos((1 << 32) + 2),
            link: LinkType::ETHERNET,
            wire_len: 60,
            bytes: b"abcde",
        }
    }

    /// Section 4.1. The comment is text, so that its length is not a multiple of 4.
    #[test]
    fn a_section_header() {
        let section = SectionInfo {
            comment: "hello",
            ..SectionInfo::default()
        };
        let w = PcapngWriter::new(Vec::new(), &section).unwrap();
        let golden = [
            le(&[0x0a0d_0d0a, 44, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX]),
            b"\x01\0\x05\0hello\0\0\0".to_vec(),
            le(&[0, 44]),
        ]
        .concat();
        assert_eq!(*w.get_ref(), golden);
        let bare = le(&[0x0a0d_0d0a, 32, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 0, 32]);
        assert_eq!(*writer().get_ref(), bare);
    }

    /// Section 4.2: times are in nanoseconds, and 0 stands for the longest frames.
    #[test]
    fn an_interface() {
        let nanoseconds = b"\x09\0\x01\0\x09\0\0\0".to_vec();
        let mut w = writer();
        let bytes = added(&mut w, |w| {
            w.interface(&lo(0)).unwrap();
        });
        let golden = [
            le(&[1, 32, 1, MAX_SNAPLEN]),
            nanoseconds.clone(),
            le(&[0, 32]),
        ];
        assert_eq!(bytes, golden.concat());
        let bytes = added(&mut w, |w| {
            let info = InterfaceInfo {
                name: "lo",
                filter: "tcp",
                ..lo(96)
            };
            w.interface(&info).unwrap();
        });
        let golden = [
            le(&[1, 48, 1, 96]),
            b"\x02\0\x02\0lo\0\0".to_vec(),
            nanoseconds,
            b"\x0b\0\x04\0\0tcp".to_vec(),
            le(&[0, 48]),
        ];
        assert_eq!(bytes, golden.concat());
    }

    /// Section 4.3.
    #[test]
    fn a_frame_and_what_is_known_of_it() {
        let mut w = writer();
        let whole = w.interface(&lo(0)).unwrap();
        let cut = w.interface(&lo(3)).unwrap();
        let bytes = added(&mut w, |w| {
            w.write(whole, &frame(), &Note::default()).unwrap();
        });
        let golden = [
            le(&[6, 40, 0, 1, 2, 5, 60]),
            b"abcde\0\0\0".to_vec(),
            le(&[40]),
        ];
        assert_eq!(bytes, golden.concat());
        let note = Note {
            comments: &["a", "bcde"],
            direction: Some(Direction::Outbound),
            owner: Some((Pid(7), Tid(8))),
        };
        let bytes = added(&mut w, |w| {
            w.write(cut, &frame(), &note).unwrap();
        });
        let golden = [
            le(&[6, 76, 1, 1, 2, 3, 60]),
            b"abc\0".to_vec(),
            b"\x01\0\x01\0a\0\0\0\x01\0\x04\0bcde".to_vec(),
            b"\x02\0\x04\0".to_vec(),
            le(&[2]),
            b"\x08\0\x08\0".to_vec(),
            le(&[7, 8, 0, 76]),
        ];
        assert_eq!(bytes, golden.concat());
        assert_eq!(w.frames(), 2);
    }

    /// Section 4.6.
    #[test]
    fn what_an_interface_has_seen_in_all() {
        let mut w = writer();
        let lo = w.interface(&lo(0)).unwrap();
        let at = Timestamp::from_nanos;
        let bytes = added(&mut w, |w| {
            let seen = Statistics {
                at: at(3),
                start: Some(at(1)),
                received: Some(9),
                dropped_by_kernel: Some(4),
                ..Statistics::default()
            };
            w.statistics(lo, &seen).unwrap();
        });
        let golden = [
            le(&[5, 64, 0, 0, 3]),
            b"\x02\0\x08\0".to_vec(),
            le(&[0, 1]),
            b"\x04\0\x08\0".to_vec(),
            le(&[9, 0]),
            b"\x07\0\x08\0".to_vec(),
            le(&[4, 0, 0, 64]),
        ];
        assert_eq!(bytes, golden.concat());
    }

    #[test]
    fn a_frame_that_does_not_fit_its_interface_is_refused() {
        let mut w = writer();
        let lo = w.interface(&lo(0)).unwrap();
        let note = Note::default();
        let bytes = added(&mut w, |w| {
            let mut refused = |interface, frame| {
                let error = w.write(interface, &frame, &note).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
                error.to_string()
            };
            let raw = Frame {
                link: LinkType::RAW,
                ..frame()
            };
            assert!(refused(lo, raw).contains("of link type 101 from an interface"));
            let before = Frame {
                time: Timestamp::from_nanos(-1),
                ..frame()
            };
            assert!(refused(lo, before).contains("-1 ns since 1970"));
            let other = refused(InterfaceRef(1), frame());
            assert_eq!(other, "an interface of another file");
        });
        assert_eq!((bytes.len(), w.frames()), (0, 0), "others may follow");
        let seen = Statistics::default();
        assert!(w.statistics(InterfaceRef(1), &seen).is_err());
    }

    /// draft-ietf-opsawg-pcapng, section 4.5.
    #[test]
    fn names_of_addresses() {
        let mut w = PcapngWriter::new(Vec::new(), &SectionInfo::default()).unwrap();
        w.names(&[]).unwrap();
        w.flush().unwrap();
        let start = w.get_ref().len();
        let names = [
            ("10.0.0.2".parse().unwrap(), "wor\0ker-2"),
            ("::1".parse().unwrap(), "server"),
        ];
        w.names(&names).unwrap();
        w.flush().unwrap();
        let golden = [
            &[4, 0, 0, 0, 64, 0, 0, 0][..],
            &[1, 0, 13, 0, 10, 0, 0, 2],
            b"worker-2\0\0\0\0",
            &[2, 0, 23, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            b"server\0\0",
            &[0, 0, 0, 0],
            &[64, 0, 0, 0],
        ]
        .concat();
        let length = u8::try_from(golden.len()).unwrap();
        assert_eq!(length, golden[4], "the block's length");
        assert_eq!(w.get_ref()[start..], golden);
    }
}
