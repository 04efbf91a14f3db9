//! Files that are read as one timeline.

use super::input::Bytes;
use crate::analysis::{FrameSource, SourceError};
use crate::capfile::CaptureReader;
use crate::model::{Frame, LinkType, Timestamp};

/// A reader whose latest frame can be looked at more than once, as merging needs.
pub(super) struct Copied {
    reader: CaptureReader<Bytes>,
    bytes: Vec<u8>,
    head: Option<(Timestamp, LinkType, u32)>,
}

impl Copied {
    pub(super) fn new(reader: CaptureReader<Bytes>) -> Self {
        Self {
            reader,
            bytes: Vec::new(),
            head: None,
        }
    }
}

impl FrameSource for Copied {
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.head = None;
        if let Some(frame) = self.reader.next().map_err(|e| e.to_string())? {
            self.bytes.clear();
            self.bytes.extend_from_slice(frame.bytes);
            self.head = Some((frame.time, frame.link, frame.wire_len));
        }
        Ok(self.head.is_some())
    }

    fn frame(&self) -> Frame<'_> {
        let (time, link, wire_len) = self.head.unwrap_or_default();
        Frame {
            time,
            link,
            wire_len,
            bytes: &self.bytes,
        }
    }
}
