//! Captures inside gzip and zstd.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::build::{End, Pcap};
use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = GzEncoder::new(Vec::new(), Compression::fast());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A capture of 2000 frames, a few hundred kilobytes.
fn long() -> Vec<u8> {
    let f = Pcap::new(End::Little);
    let mut file = f.header();
    for i in 0..2000 {
        file.extend(f.frame(i, 0, 100, &[u8::try_from(i % 251).unwrap(); 100]));
    }
    file
}

#[test]
fn one_member_or_several() {
    let file = long();
    let plain = read_whole(&file);
    assert_eq!(plain.len(), 2000);
    for pack in [gzip, zstd] {
        assert_eq!(read_whole(&pack(&file)), plain);
        let parts = [
            pack(&file[..7]),
            pack(&[]),
            pack(&file[7..100_001]),
            pack(&file[100_001..]),
        ];
        assert_eq!(read_whole(&parts.concat()), plain);
    }
}

#[test]
fn skippable_frames_and_padding() {
    let file = Pcap::new(End::Big).two();
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let packed = [
        zstd(&file[..9]),
        skippable.clone(),
        zstd(&file[9..]),
        skippable.clone(),
    ]
    .concat();
    assert_eq!(read_whole(&packed).len(), 2);
    assert_eq!(read_whole(&[gzip(&file), vec![0; 512]].concat()).len(), 2);
    let (frames, error) = read(&packed[..packed.len() - 1]).unwrap();
    assert_eq!(frames.len(), 2);
    assert!(
        error
            .unwrap()
            .to_string()
            .ends_with("zstd: a skippable frame is cut off")
    );
}

#[test]
fn what_is_not_a_capture_inside() {
    let say = |b: &[u8]| read(b).unwrap_err().to_string();
    assert_eq!(
        say(&gzip(b"hello, world")),
        "not a pcap or pcapng file: it begins with 68 65 6c 6c 6f 2c 20 77 inside gzip (text)"
    );
    assert_eq!(
        say(&zstd(b"")),
        "not a capture file: it is empty (a capture file without frames still has a header)"
    );
    assert!(say(b"\x1f\x8b\x08garbage").starts_with("cannot be read: "));
    assert!(say(b"\x28\xb5\x2f\xfdgarbage").starts_with("cannot be read: zstd: "));
}

#[test]
fn cut_and_damaged_streams_give_what_was_whole() {
    let file = long();
    for pack in [gzip, zstd] {
        let packed = pack(&file);
        for cut in (100..packed.len()).step_by(packed.len() / 23) {
            let Ok((frames, error)) = read(&packed[..cut]) else {
                continue;
            };
            assert!(error.is_some(), "cut at {cut} of {}", packed.len());
            assert!(frames.len() < 2000);
            assert_eq!(frames, read_whole(&file)[..frames.len()]);
        }
        // The checksum at the end.
        let mut wrong = packed.clone();
        let at = wrong.len() - if packed[0] == 0x1f { 8 } else { 1 };
        wrong[at] ^= 1;
        let (frames, error) = read(&wrong[..]).unwrap();
        assert_eq!(frames.len(), 2000);
        assert!(matches!(error.unwrap().problem, Problem::Io(_)));
    }
}

#[test]
fn a_bomb_streams_through() {
    // 16 MiB of empty frames in some 16 kB.
    let f = Pcap::new(End::Little);
    let mut e = GzEncoder::new(Vec::new(), Compression::best());
    e.write_all(&f.header()).unwrap();
    for _ in 0..16 {
        e.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let packed = e.finish().unwrap();
    assert!(packed.len() < 30_000);
    let mut reader = CaptureReader::open(&packed[..]).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.frames(), (16 << 20) / 16);
}
