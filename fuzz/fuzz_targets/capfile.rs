//! Any bytes as a capture file: an error or frames, never a panic, a loop or
//! memory without bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadtap::capfile::{CaptureReader, MAX_SNAPLEN};

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = CaptureReader::open(data) else {
        return;
    };
    let mut frames = 0u64;
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                frames += 1;
                assert!(frame.bytes.len() <= MAX_SNAPLEN as usize);
            }
            Ok(None) => break,
            Err(e) => {
                assert_eq!(e.frame, frames + 1);
                assert!(!e.to_string().is_empty());
                break;
            }
        }
    }
    assert_eq!(reader.frames(), frames);
    // After the end, and after an error, it stays ended.
    assert!(matches!(reader.next(), Ok(None)));
});
