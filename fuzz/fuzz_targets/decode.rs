//! Any bytes as a frame of any link type: a segment or a reason, and a segment
//! that fits its frame.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadtap::decode::{Tunnels, decode, decode_each};
use threadtap::model::{Frame, LinkType, Timestamp};

fuzz_target!(|input: (u16, u32, &[u8])| {
    let (link, more, bytes) = input;
    // Mostly link types that are known, and sometimes any.
    const KNOWN: [u16; 27] = [
        0, 1, 6, 9, 10, 50, 51, 100, 101, 104, 105, 107, 108, 109, 113, 117, 119, 127, 163, 192,
        204, 205, 228, 229, 239, 258, 276,
    ];
    let link = if link & 0x100 == 0 {
        KNOWN[usize::from(link) % KNOWN.len()]
    } else {
        link
    };
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let frame = Frame {
        time: Timestamp::from_nanos(0),
        link: LinkType(link),
        wire_len: length.saturating_add(more % 2000),
        bytes,
    };
    if let Ok(segment) = decode(&frame) {
        assert!(segment.payload.len() <= bytes.len());
        assert!(segment.payload.len() as u64 <= u64::from(segment.payload_len));
        assert_eq!(segment.wire_len, frame.wire_len);
    }
    for tunnels in [Tunnels::Outermost, Tunnels::Followed] {
        let _ = decode_each(&frame, tunnels, &mut |segment| {
            assert!(segment.payload.len() <= bytes.len());
            assert!(segment.payload.len() as u64 <= u64::from(segment.payload_len));
            assert!(segment.wire_len <= frame.wire_len);
        });
    }
});
