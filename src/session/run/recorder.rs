//! What happens to a frame of a live run: it is written to `capture.pcap`,
//! decoded, and given to the flow table, in the capture's own thread.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::world::CutCapture;
use crate::capfile::PcapWriter;
use crate::decode::decode;
use crate::flow::{FlowConfig, FlowTable};
use crate::model::{FlowRecord, Frame};
use crate::sys::capture::Sink;

/// How far the capture has come, for the thread that conducts the run.
#[derive(Debug, Default)]
pub struct Progress {
    /// Frames seen.
    pub frames: AtomicU64,
    /// Flows that began with a SYN.
    pub opened: AtomicU64,
    /// Flows seen.
    pub flows: AtomicU64,
    /// Flows that have closed.
    pub closed: AtomicU64,
    /// Whether frames can no longer be written.
    pub failed: AtomicBool,
}

/// What the capture leaves behind.
#[derive(Debug)]
pub struct Recording {
    /// The flows, by number.
    pub flows: Vec<FlowRecord>,
    /// Frames seen.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Why `capture.pcap` is not whole, where it is not.
    pub cut: Option<CutCapture>,
}

type Writer = PcapWriter<Box<dyn Write + Send>>;

/// Takes the frames of a run.
pub struct Recorder {
    file: Option<Writer>,
    cut: Option<CutCapture>,
    table: FlowTable,
    finished: Vec<FlowRecord>,
    frames: u64,
    bytes: u64,
    progress: Arc<Progress>,
}

impl Recorder {
    /// A recorder that writes frames to a file and watches one port.
    pub fn new(file: Writer, port: u16, progress: Arc<Progress>) -> Self {
        Self {
            file: Some(file),
            cut: None,
            table: FlowTable::new(FlowConfig::of_a_run(port)),
            finished: Vec::new(),
            frames: 0,
            bytes: 0,
            progress,
        }
    }

    /// Ends the recording.
    pub fn finish(mut self) -> Recording {
        self.save(PcapWriter::flush);
        let mut flows = self.finished;
        self.table.finish(&mut |flow| flows.push(flow));
        flows.sort_unstable_by_key(|f| f.flow);
        Recording {
            flows,
            frames: self.frames,
            bytes: self.bytes,
            cut: self.cut,
        }
    }

    /// Does something with the file. After a failure it is left alone: the run
    /// can still be told.
    fn save(&mut self, act: impl FnOnce(&mut Writer) -> io::Result<()>) {
        let Some(writer) = &mut self.file else {
            return;
        };
        if let Err(error) = act(writer) {
            self.cut = Some(CutCapture {
                error,
                frames: writer.frames(),
                whole_bytes: writer.whole_bytes(),
            });
            self.file = None;
            self.progress.failed.store(true, Release);
        }
    }
}

impl Sink for Recorder {
    fn frame(&mut self, frame: &Frame<'_>) {
        self.frames += 1;
        self.bytes += u64::from(frame.wire_len);
        self.save(|file| file.write(frame));
        if let Ok(segment) = decode(frame) {
            let finished = &mut self.finished;
            self.table.push(&segment, &mut |flow| finished.push(flow));
        }
    }

    fn pause(&mut self) {
        self.save(PcapWriter::flush);
        self.progress.frames.store(self.frames, Relaxed);
        let counts = self.table.counts();
        self.progress.opened.store(counts.with_syn, Relaxed);
        self.progress.closed.store(counts.closed, Relaxed);
        // Last: who sees this count sees the others.
        self.progress.flows.store(counts.seen, Release);
    }
}
