//! Nothing in a file may crash the reader, make it loop, or mislead it.

use proptest::prelude::*;

use super::build::{BOTH, End, Ng, Pcap};
use super::*;

/// A file and the places where it may be cut without anything missing.
fn files() -> Vec<(Vec<u8>, Vec<usize>)> {
    let mut all = Vec::new();
    let mut add = |parts: Vec<Vec<u8>>| {
        let mut file = Vec::new();
        let mut ends = Vec::new();
        for part in parts {
            file.extend(part);
            ends.push(file.len());
        }
        all.push((file, ends));
    };
    for end in BOTH {
        let f = Pcap::new(end);
        let swapped = Pcap {
            version: (2, 2),
            swapped: true,
            ..f
        };
        let modified = Pcap {
            magic: 0xa1b2_cd34,
            extra: &[0, 0, 0, 0, 0, 0, 4, 0],
            ..f
        };
        for f in [f, swapped, modified] {
            add(vec![
                f.header(),
                f.frame(5, 7, 60, &[1; 20]),
                f.frame(6, 8, 60, &[]),
                f.frame(7, 9, 60, &[2; 33]),
            ]);
        }
        let n = Ng(end);
        add(vec![
            n.section(),
            n.interface(1, 0, &n.option(9, &[9])),
            n.enhanced(0, 1, 60, &[1; 21]),
            n.block(5, &[1; 24]),
            n.obsolete(0, 2, 60, &[2; 8]),
            n.simple(3, &[3; 3]),
            n.section(),
            n.interface(101, 0, &[]),
            n.enhanced(0, 4, 60, &[4; 4]),
        ]);
    }
    all
}

/// Reads with a bound on the number of records: no more than there are bytes.
fn survives(file: &[u8]) -> Vec<Got> {
    let Ok(mut reader) = CaptureReader::open(file) else {
        return Vec::new();
    };
    let mut frames = Vec::new();
    while let Ok(Some(f)) = reader.next() {
        assert!(f.bytes.len() <= file.len());
        frames.push((f.time.as_nanos(), f.link.0, f.wire_len, f.bytes.to_vec()));
        assert!(frames.len() * 16 <= file.len(), "more frames than fit");
    }
    frames
}

#[test]
fn every_cut_gives_the_whole_frames_before_it() {
    // Which of the modified variants a file is, its records must tell: cut
    // short, they may tell otherwise.
    let told = |file: &[u8]| {
        file[..4] != [0x34, 0xcd, 0xb2, 0xa1] && file[..2] != [0xa1, 0xb2] || file[2] == 0xc3
    };
    for (file, ends) in files().into_iter().filter(|(file, _)| told(file)) {
        let whole = read_whole(&file);
        let first = ends[0];
        for cut in 0..=file.len() {
            let part = &file[..cut];
            if cut < first {
                assert!(read(part).is_err(), "cut at {cut}");
                continue;
            }
            let (frames, error) = read(part).unwrap();
            assert_eq!(frames, whole[..frames.len()], "cut at {cut}");
            let last_end = ends.iter().rev().find(|&&e| e <= cut).unwrap();
            match error {
                None => assert!(cut == *last_end, "cut at {cut} went unseen"),
                Some(error) => {
                    assert!(cut > *last_end, "nothing is missing at {cut}");
                    assert_eq!(cut_at(&error), *last_end as u64, "cut at {cut}");
                    assert_eq!(error.frame, frames.len() as u64 + 1);
                    let (again, none) = read(&file[..*last_end]).unwrap();
                    assert_eq!(again, frames, "cut at {cut}");
                    assert!(none.is_none());
                }
            }
        }
    }
}

#[test]
fn every_byte_changed_is_survived() {
    for (file, _) in files() {
        for at in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut other = file.clone();
                other[at] = value;
                survives(&other);
            }
        }
    }
}

proptest! {
    #[test]
    fn mutations_are_survived(
        which in 0_usize..8,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        step in 1_usize..200,
    ) {
        let (mut file, _) = files().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let at_once = survives(&file);
        // What is read does not depend on how the bytes come.
        if let Ok((frames, _)) = read(Trickle(&file, step)) {
            prop_assert_eq!(frames, at_once);
        }
    }

    #[test]
    fn anything_behind_a_header_is_survived(
        big in any::<bool>(),
        ng in any::<bool>(),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let end = if big { End::Big } else { End::Little };
        let n = Ng(end);
        let mut file = if ng {
            [n.section(), n.interface(1, 0, &[])].concat()
        } else {
            Pcap::new(end).header()
        };
        file.extend(rest);
        survives(&file);
    }

    #[test]
    fn frames_come_back_as_they_were(
        big in any::<bool>(),
        frames in prop::collection::vec(
            (any::<u32>(), 0_u32..1_000_000_000, any::<u32>(), prop::collection::vec(any::<u8>(), 0..100)),
            0..20,
        ),
        step in 1_usize..300,
    ) {
        let end = if big { End::Big } else { End::Little };
        let f = Pcap { magic: 0xa1b2_3c4d, ..Pcap::new(end) };
        let n = Ng(end);
        let mut pcap = f.header();
        let mut pcapng = [n.section(), n.interface(1, 0, &n.option(9, &[9]))].concat();
        let mut expected = Vec::new();
        for (seconds, nanos, wire, bytes) in frames {
            let stamp = u64::from(seconds) * 1_000_000_000 + u64::from(nanos);
            pcap.extend(f.frame(seconds, nanos, wire, &bytes));
            pcapng.extend(n.enhanced(0, stamp, wire, &bytes));
            expected.push((i64::try_from(stamp).unwrap(), 1, wire, bytes));
        }
        for file in [pcap, pcapng] {
            let (got, error) = read(Trickle(&file, step)).unwrap();
            prop_assert!(error.is_none());
            prop_assert_eq!(&got, &expected);
        }
    }
}
