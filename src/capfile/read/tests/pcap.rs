//! Classic pcap in all its variants.

use super::build::{BOTH, End, Pcap};
use super::*;
use crate::capfile::{CaptureFormat, Damage, MAX_SNAPLEN};

/// What [`Pcap::two`] holds, with fractions of so many nanoseconds.
fn two(unit: i64, link: u16) -> Vec<Got> {
    vec![
        (5_000_000_000 + 7 * unit, link, 60, vec![1; 20]),
        (6_000_000_000 + 8 * unit, link, 70, vec![2; 31]),
    ]
}

#[test]
fn micro_and_nanoseconds() {
    for end in BOTH {
        let micro = Pcap::new(end);
        assert_eq!(read_whole(&micro.two()), two(1000, 1));
        let nano = Pcap {
            magic: 0xa1b2_3c4d,
            ..micro
        };
        assert_eq!(read_whole(&nano.two()), two(1, 1));
    }
}

#[test]
fn versions_and_their_order_of_lengths() {
    for end in BOTH {
        for (version, swapped) in [
            ((2, 0), true),
            ((2, 2), true),
            ((2, 3), false),
            ((2, 3), true),
            ((2, 4), false),
            ((543, 0), true),
        ] {
            let file = Pcap {
                version,
                swapped,
                ..Pcap::new(end)
            };
            assert_eq!(read_whole(&file.two()), two(1000, 1), "{version:?}");
        }
        let file = Pcap {
            version: (1, 2),
            ..Pcap::new(end)
        }
        .two();
        let e = read(&file[..]).unwrap_err();
        assert_eq!(
            e.to_string(),
            "a pcap file of version 1.2, which is not supported"
        );
    }
}

#[test]
fn modified_variants_are_told_by_their_records() {
    // Under the standard magic number, the first record of a pipe is not made
    // to wait for more: such a file must come at once.
    // Interface 0, protocol 0, packet type 4.
    const MODIFIED: &[u8] = &[0, 0, 0, 0, 0, 0, 4, 0];
    const DEBUG: &[u8] = &[0, 0, 0, 0, 0, 0, 4, 0, 9, 9, 9, 9];
    for end in BOTH {
        for (magic, extra) in [
            (0xa1b2_cd34, MODIFIED),
            (0xa1b2_cd34, DEBUG),
            (0xa1b2_c3d4, MODIFIED),
        ] {
            let file = Pcap {
                magic,
                extra,
                ..Pcap::new(end)
            };
            assert_eq!(
                read_at_once(&file.two()),
                two(1000, 1),
                "{end:?} {magic:x} {extra:?}"
            );
            let one = [file.header(), file.frame(5, 7, 60, &[1; 20])].concat();
            assert_eq!(read_at_once(&one), two(1000, 1)[..1]);
            assert_eq!(read_at_once(&file.header()), []);
        }
    }
    let nokia = Pcap {
        extra: &[0x01, 0xb6, 0xbf, 0x9f],
        ..Pcap::new(End::Little)
    };
    assert_eq!(read_at_once(&nokia.two()), two(1000, 1));
}

#[test]
fn ixia_and_aix() {
    for end in BOTH {
        for (magic, unit) in [(0x1c00_01ac, 1), (0x1c00_01ab, 1000)] {
            let file = Pcap {
                magic,
                more: &[1, 2, 3, 4],
                ..Pcap::new(end)
            };
            assert_eq!(read_whole(&file.two()), two(unit, 1));
        }
        let aix = Pcap {
            version: (2, 2),
            swapped: true,
            ..Pcap::new(end)
        };
        assert_eq!(read_whole(&Pcap { network: 6, ..aix }.two()), two(1, 1));
        assert_eq!(read_whole(&Pcap { network: 9, ..aix }.two()), two(1, 6));
        assert_eq!(read_whole(&Pcap { network: 24, ..aix }.two()), two(1, 0));
        // FDDI frames have 3 bytes of padding in front.
        let fddi = [
            Pcap { network: 15, ..aix }.header(),
            aix.frame(1, 2, 63, &[9, 9, 9, 1, 2]),
        ];
        assert_eq!(
            read_whole(&fddi.concat()),
            [(1_000_000_002, 10, 60, vec![1, 2])]
        );
    }
}

#[test]
fn the_link_type_is_its_lower_half() {
    for (network, link) in [
        (0x2400_0001, 1),
        (0xf400_0071, 113),
        (12, 101),
        (14, 101),
        (101, 101),
    ] {
        let file = Pcap {
            network,
            ..Pcap::new(End::Big)
        };
        assert_eq!(read_whole(&file.two()), two(1000, link));
    }
}

#[test]
fn a_header_alone_is_an_empty_capture() {
    assert_eq!(read_whole(&Pcap::new(End::Big).header()), []);
}

#[test]
fn times_are_unsigned() {
    let f = Pcap::new(End::Little);
    let file = [f.header(), f.frame(u32::MAX, 999_999, 1, &[1])].concat();
    assert_eq!(read_whole(&file)[0].0, 4_294_967_295_999_999_000);
}

#[test]
fn the_longest_frame_and_one_longer() {
    let f = Pcap::new(End::Little);
    let longest = vec![3; MAX_SNAPLEN as usize];
    let file = [
        f.header(),
        f.frame(0, 0, 9, &longest),
        f.frame(1, 0, 9, &[1]),
    ]
    .concat();
    let frames = read_whole(&file);
    assert_eq!(frames[0].3, longest);
    assert_eq!(frames.len(), 2);

    let file = [
        f.header(),
        f.frame(0, 0, 9, &[0xaa; 20]),
        f.end.words(&[0, 0, MAX_SNAPLEN + 1, 0]),
    ];
    let (frames, error) = read_damaged(&file.concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(error.offset, 24 + 36);
    assert!(matches!(
        error.problem,
        Problem::Damaged(Damage::FrameTooLong {
            length: 262_145,
            limit: 262_144
        })
    ));
}

#[test]
fn messages_longer_than_a_frame_are_delivered_cut() {
    let f = Pcap {
        network: 249,
        ..Pcap::new(End::Little)
    };
    let file = [
        f.header(),
        f.frame(0, 0, 1_000_000, &vec![3; 1_000_000]),
        f.frame(1, 0, 9, &[1]),
    ];
    let frames = read_whole(&file.concat());
    assert_eq!(
        (frames[0].2, frames[0].3.len()),
        (1_000_000, MAX_SNAPLEN as usize)
    );
    assert_eq!(frames[1].3, [1]);
    // Cut off behind what was delivered.
    let (frames, error) = read_damaged(&file.concat()[..900_000]);
    assert_eq!(frames.len(), 1);
    assert_eq!(cut_at(&error), 24);
}

#[test]
fn errors_say_what_where() {
    let f = Pcap::new(End::Little);
    let file = [
        f.header(),
        f.frame(5, 7, 60, &[1; 20]),
        f.frame(6, 8, 70, &[2; 31]),
    ]
    .concat();
    let (_, error) = read_damaged(&file[..file.len() - 10]);
    assert_eq!(
        error.to_string(),
        "cut off in frame 2 at byte 60, in its record: 47 bytes expected, 37 found"
    );
    let (_, error) = read_damaged(&file[..70]);
    assert_eq!(
        error.to_string(),
        "cut off in frame 2 at byte 60, in its record header: 16 bytes expected, 10 found"
    );
}

#[test]
fn what_is_not_a_capture() {
    let say = |b: &[u8]| read(b).unwrap_err().to_string();
    assert_eq!(
        say(b""),
        "not a capture file: it is empty (a capture file without frames still has a header)"
    );
    assert_eq!(
        say(b"hello, world"),
        "not a pcap or pcapng file: it begins with 68 65 6c 6c 6f 2c 20 77 (text)"
    );
    assert_eq!(
        say(b"PK\x03\x04zzzz"),
        "not a pcap or pcapng file: it begins with 50 4b 03 04 7a 7a 7a 7a (a zip archive: unpack it first)"
    );
    assert_eq!(say(b"\xd4"), "not a pcap or pcapng file: it begins with d4");
    assert_eq!(
        say(&Pcap::new(End::Big).header()[..20]),
        "a pcap file that is cut off in its header: 24 bytes expected, 20 found"
    );
    // The wrong half of pcapng's magic.
    assert!(say(b"\n\r\r\n\x1c\0\0\0abcdefgh").starts_with("not a pcap"));
}

#[test]
fn an_input_that_fails_says_so() {
    struct Broken(Vec<u8>);
    impl Read for Broken {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("the disk is gone"));
            }
            let n = buf.len().min(self.0.len());
            buf[..n].copy_from_slice(&self.0[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }
    let f = Pcap::new(End::Little);
    let (frames, error) = read(Broken(f.two())).unwrap();
    assert_eq!(frames.len(), 2);
    assert_eq!(
        error.unwrap().to_string(),
        "unreadable in frame 3 at byte 107: the disk is gone"
    );
}

/// A signal may come while a pipe is waited for (read(2), EINTR).
#[test]
fn an_interrupted_read_is_made_again() {
    struct Interrupted<'a>(&'a [u8], bool);
    impl Read for Interrupted<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.0.read(buf)
        }
    }
    let file = Pcap::new(End::Little).two();
    let (frames, error) = read(Interrupted(&file, false)).unwrap();
    assert_eq!(frames, two(1000, 1));
    assert!(error.is_none());
}

#[test]
fn the_format_is_told() {
    let file = Pcap::new(End::Little).two();
    let mut reader = CaptureReader::open(&file[..]).unwrap();
    assert_eq!(reader.format(), CaptureFormat::Pcap);
    assert_eq!(reader.offset(), 24);
    // What was read with the header: two records of 36 and 47 bytes.
    assert_eq!(reader.at_hand(), 36 + 47);
    reader.next().unwrap();
    assert_eq!(reader.offset(), 24 + 36);
    assert_eq!(reader.at_hand(), 47);
    reader.next().unwrap();
    assert_eq!(reader.at_hand(), 0, "the next has to be waited for");
}
