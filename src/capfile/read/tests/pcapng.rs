//! pcapng: sections, interfaces, packets, and everything else.

use super::build::{BOTH, End, Ng};
use super::*;
use crate::capfile::{CaptureFormat, Damage, MAX_SNAPLEN};

const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

fn damage(error: &ReadError) -> Damage {
    match error.problem {
        Problem::Damaged(damage) => damage,
        _ => panic!("{error}"),
    }
}

#[test]
fn the_three_packet_blocks() {
    for n in BOTH.map(Ng) {
        let file = [
            n.section(),
            n.interface(1, 0, &[]),
            n.enhanced(0, 1_000_007, 60, &[1, 2, 3]),
            n.obsolete(0, 2_000_008, 61, &[4; 8]),
            n.simple(6, &[5; 6]),
        ]
        .concat();
        assert_eq!(
            CaptureReader::open(&file[..]).unwrap().format(),
            CaptureFormat::Pcapng
        );
        assert_eq!(
            read_whole(&file),
            [
                (1_000_007_000, 1, 60, vec![1, 2, 3]),
                (2_000_008_000, 1, 61, vec![4; 8]),
                (0, 1, 6, vec![5; 6]),
            ]
        );
    }
}

#[test]
fn a_simple_packet_is_cut_at_its_interfaces_snapshot_length() {
    let n = Ng(End::Big);
    let file = [n.section(), n.interface(1, 5, &[]), n.simple(60, &[1; 5])].concat();
    assert_eq!(read_whole(&file), [(0, 1, 60, vec![1; 5])]);
}

#[test]
fn interfaces_of_different_link_types_and_clocks() {
    for n in BOTH.map(Ng) {
        let binary = n.option(IF_TSRESOL, &[0x80 + 10]);
        let nanos = [
            n.option(2, b"lo"),
            n.option(IF_TSRESOL, &[9]),
            n.option(IF_TSOFFSET, &n.0.i64(100)),
            n.option(0, &[]),
            n.option(IF_TSRESOL, &[3]),
        ]
        .concat();
        let file = [
            n.section(),
            n.interface(1, 0, &nanos),
            n.interface(113, 0, &binary),
            n.enhanced(1, 1024 + 256, 1, &[1]),
            n.enhanced(0, 5, 1, &[2]),
            n.interface(276, 0, &[]),
            n.enhanced(2, 5, 1, &[3]),
        ]
        .concat();
        assert_eq!(
            read_whole(&file),
            [
                (1_250_000_000, 113, 1, vec![1]),
                (100_000_000_005, 1, 1, vec![2]),
                (5_000, 276, 1, vec![3]),
            ]
        );
    }
}

#[test]
fn sections_have_their_own_order_and_interfaces() {
    let (a, b) = (Ng(End::Little), Ng(End::Big));
    let first = [
        a.section(),
        a.interface(1, 0, &[]),
        a.enhanced(0, 1, 1, &[1]),
    ]
    .concat();
    let second = [
        b.section(),
        b.interface(101, 0, &[]),
        b.enhanced(0, 2, 1, &[2]),
    ]
    .concat();
    let file = [&first[..], &second, &first].concat();
    let links: Vec<_> = read_whole(&file).iter().map(|f| (f.0, f.1)).collect();
    assert_eq!(links, [(1000, 1), (2000, 101), (1000, 1)]);

    let (frames, error) =
        read_damaged(&[&first[..], &b.section(), &b.enhanced(0, 2, 1, &[2])].concat());
    assert_eq!(frames.len(), 1);
    assert_eq!(
        damage(&error),
        Damage::UnknownInterface {
            id: 0,
            described: 0
        }
    );
}

#[test]
fn other_blocks_and_options_are_passed_over() {
    for n in BOTH.map(Ng) {
        let mut commented = n.enhanced(0, 1, 60, &[1, 2, 3, 4]);
        commented.truncate(commented.len() - 4);
        commented.extend(n.option(1, b"a comment"));
        commented.extend(n.option(0, &[]));
        let length = u32::try_from(commented.len() + 4).unwrap();
        commented[4..8].copy_from_slice(&n.0.u32(length));
        commented.extend(n.0.u32(length));
        let file = [
            n.section(),
            n.block(4, b"name resolution"),
            n.block(5, &[0; 20]),
            n.interface(1, 0, &[]),
            n.block(0x4000_0bad, &[7; 33]),
            commented,
            // Longer than the buffer.
            n.block(0x8000_0001, &[9].repeat(700_000)),
            n.enhanced(0, 2, 60, &[5]),
        ]
        .concat();
        let frames = read_whole(&file);
        assert_eq!(
            frames.iter().map(|f| &f.3[..]).collect::<Vec<_>>(),
            [&[1, 2, 3, 4][..], &[5]]
        );
    }
}

#[test]
fn a_frame_with_more_options_than_the_buffer_holds() {
    let n = Ng(End::Little);
    let mut body = n.0.words(&[0, 0, 7, 4, 60, 0x0403_0201]);
    for _ in 0..20 {
        body.extend(n.option(1, &b"x".repeat(60_000)));
    }
    let file = [
        n.section(),
        n.interface(1, 0, &[]),
        n.block(6, &body),
        n.enhanced(0, 8, 1, &[5]),
    ];
    let frames = read_whole(&file.concat());
    assert_eq!(frames[0], (7_000, 1, 60, vec![1, 2, 3, 4]));
    assert_eq!(frames[1].3, [5]);
    let (frames, error) = read_damaged(&file.concat()[..1_000_000]);
    assert_eq!((frames.len(), cut_at(&error)), (1, 48));
}

#[test]
fn a_length_need_not_be_a_multiple_of_four() {
    let n = Ng(End::Little);
    let mut odd = n.enhanced(0, 1, 60, &[1, 2, 3]);
    let last = odd.len() - 4;
    odd[4] -= 1;
    odd[last] -= 1;
    let file = [
        n.section(),
        n.interface(1, 0, &[]),
        odd,
        n.enhanced(0, 2, 60, &[5]),
    ]
    .concat();
    assert_eq!(read_whole(&file).len(), 2);
}

#[test]
fn damage_is_told() {
    for n in BOTH.map(Ng) {
        let start = [
            n.section(),
            n.interface(1, 0, &[]),
            n.enhanced(0, 1, 1, &[1]),
        ]
        .concat();
        let after = |block: Vec<u8>| {
            let (frames, error) = read_damaged(&[&start[..], &block].concat());
            assert_eq!(frames.len(), 1);
            assert_eq!(error.offset, start.len() as u64);
            damage(&error)
        };
        let with = |mut block: Vec<u8>, at: usize, word: u32| {
            block[at..at + 4].copy_from_slice(&n.0.u32(word));
            block
        };
        let frame = n.enhanced(0, 1, 4, &[1; 4]);
        assert_eq!(
            after(n.enhanced(3, 1, 1, &[])),
            Damage::UnknownInterface {
                id: 3,
                described: 1
            }
        );
        assert_eq!(
            after(with(frame.clone(), 32, 40)),
            Damage::BlockEnds {
                first: 36,
                last: 40
            }
        );
        assert_eq!(
            after(with(frame.clone(), 20, 100)),
            Damage::FrameBeyondBlock {
                length: 100,
                room: 4
            }
        );
        assert_eq!(
            after(with(frame.clone(), 20, MAX_SNAPLEN + 1)),
            Damage::FrameTooLong {
                length: MAX_SNAPLEN + 1,
                limit: MAX_SNAPLEN
            }
        );
        assert_eq!(
            after(with(frame.clone(), 4, 28)),
            Damage::BlockLength {
                kind: 6,
                length: 28
            }
        );
        assert_eq!(
            after(with(frame, 4, u32::MAX)),
            Damage::BlockLength {
                kind: 6,
                length: u32::MAX
            }
        );
        assert_eq!(
            after(vec![0; 40]),
            Damage::BlockLength { kind: 0, length: 0 }
        );
        assert_eq!(
            after(n.interface(1, 0, &with(n.option(9, &[9; 4]), 0, 0x0009_0009))),
            Damage::OptionBeyondBlock {
                code: 9,
                length: 9,
                room: 4
            }
        );
        assert_eq!(
            after(n.block(1, &[0; 4])),
            Damage::BlockLength {
                kind: 1,
                length: 16
            }
        );
        assert!(matches!(
            after(with(n.section(), 8, 7)),
            Damage::ByteOrder(_)
        ));
    }
}

#[test]
fn sections_of_other_versions() {
    let n = Ng(End::Little);
    let mut two = n.section();
    two[12] = 2;
    assert_eq!(
        read(&two[..]).unwrap_err().to_string(),
        "a pcapng file of version 2.0, which is not supported"
    );
    let (_, error) = read_damaged(&[n.section(), two].concat());
    assert_eq!(
        damage(&error),
        Damage::SectionVersion { major: 2, minor: 0 }
    );
}

#[test]
fn interfaces_are_limited() {
    let n = Ng(End::Little);
    let mut file = n.section();
    for _ in 0..=65_536 {
        file.extend(n.interface(1, 0, &[]));
    }
    let (_, error) = read_damaged(&file);
    assert_eq!(damage(&error), Damage::TooManyInterfaces(65_536));
}
