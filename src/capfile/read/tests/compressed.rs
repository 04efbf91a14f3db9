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

/// Where each block of a zstd frame ends, and of the last one the checksum
/// (RFC 8878, 3.1.1). `packed` has a content size of four bytes or none.
fn zstd_ends(packed: &[u8]) -> (Vec<usize>, bool) {
    let about = packed[4];
    let size = [usize::from(about & 0x20 != 0), 2, 4, 8][usize::from(about >> 6)];
    let window = usize::from(about & 0x20 == 0);
    let (mut at, mut ends) = (5 + window + size, Vec::new());
    loop {
        let header = u32::from_le_bytes([packed[at], packed[at + 1], packed[at + 2], 0]);
        let body = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
        at += 3 + usize::try_from(body).unwrap();
        ends.push(at);
        if header & 1 == 1 {
            return (ends, about & 4 != 0);
        }
    }
}

#[test]
fn a_cut_zstd_frame_gives_all_that_its_whole_blocks_hold() {
    /// What a block holds, but for the last one.
    const BLOCK: usize = 128 * 1024;
    let f = Pcap::new(End::Little);
    let mut file = f.header();
    let mut noise = 1u32;
    for i in 0..4000 {
        let mut bytes = [0; 100];
        for byte in &mut bytes {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (noise >> 28).to_le_bytes()[0];
        }
        file.extend(f.frame(i, 0, 100, &bytes));
    }
    let packed = zstd(&file);
    let (ends, checked) = zstd_ends(&packed);
    assert!(checked && ends.len() > 3, "{} blocks", ends.len());
    assert_eq!(ends[ends.len() - 1] + 4, packed.len());
    let whole = read_at_once(&file);
    for (blocks, end) in (1..).zip(&ends) {
        let decoded = (blocks * BLOCK).min(file.len());
        let expected = ((decoded - 24) / 116).min(4000);
        let next = ends.get(blocks).copied().unwrap_or(packed.len());
        for cut in [*end, end + 1, next - 1] {
            let (frames, error) = read_damaged(&packed[..cut]);
            assert_eq!(frames.len(), expected, "{blocks} blocks, cut at {cut}");
            assert_eq!(frames, whole[..frames.len()]);
            let place = if blocks < ends.len() {
                "zstd: cut off in a block"
            } else {
                "zstd: cut off in a checksum"
            };
            assert!(error.to_string().ends_with(place), "{error}");
        }
    }
    // What an earlier frame holds is not lost by a later one.
    let two = [&packed[..], &packed[..5]].concat();
    let (frames, error) = read_damaged(&two);
    assert_eq!(frames, whole);
    assert!(
        error
            .to_string()
            .ends_with("cut off in the header of a frame")
    );
    // Nor by damage: a block of the reserved type.
    let mut wrong = packed.clone();
    wrong[ends[1]] |= 6;
    let (frames, error) = read_damaged(&wrong);
    assert_eq!(frames.len(), (2 * BLOCK - 24) / 116);
    assert!(error.to_string().ends_with("zstd: damaged in a block"));
}

#[test]
fn an_input_that_fails_inside_zstd_is_told_as_itself() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buf)? {
                0 => Err(io::Error::other("the disk is gone")),
                n => Ok(n),
            }
        }
    }
    let packed = zstd(&long());
    let (ends, _) = zstd_ends(&packed);
    let (frames, error) = read(Failing(&packed[..ends[0] + 5])).unwrap();
    assert_eq!(frames.len(), (128 * 1024 - 24) / 116);
    assert!(error.unwrap().to_string().ends_with("the disk is gone"));
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
