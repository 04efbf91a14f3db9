//! What becomes of the flows: counted, written as they come, or kept.

use std::io::{self, Write};

use crate::analysis::{SortKey, Tally, sort};
use crate::cli::AnalyzeArgs;
use crate::model::{FlowId, FlowRecord};
use crate::report::{FlowCsv, FlowOf, Format, write_flow_line};

/// Where flows are written as they come.
pub(super) enum Stream<W: Write> {
    Nowhere,
    Jsonl(W),
    Csv(Box<FlowCsv<W>>),
}

impl<W: Write> Stream<W> {
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Jsonl(out) => out.flush(),
            Self::Csv(csv) => csv.flush(),
        }
    }

    /// Nothing more is to be written; hands on what is held back.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(csv) => csv.finish(),
            Self::Nowhere | Self::Jsonl(_) => Ok(()),
        }
    }
}

/// Takes the flows of one timeline: counts them, and writes or keeps them.
pub(super) struct Taker<'a, W: Write> {
    tally: &'a mut Tally,
    stream: &'a mut Stream<W>,
    name: Option<String>,
    sorted: Option<(SortKey, bool)>,
    keep: bool,
    wanted: Option<FlowId>,
    kept: Vec<FlowRecord>,
    /// Whether somebody waits for each line.
    live: bool,
    pub(super) error: Option<io::Error>,
}

impl<'a, W: Write> Taker<'a, W> {
    pub(super) fn new(
        args: &AnalyzeArgs,
        tally: &'a mut Tally,
        stream: &'a mut Stream<W>,
        name: Option<String>,
        live: bool,
    ) -> Self {
        let streams = !matches!(stream, Stream::Nowhere);
        let sorted = args.sort.key().map(|key| (key, args.reverse));
        Self {
            tally,
            stream,
            name,
            sorted,
            // The summary alone needs no flows.
            keep: Format::from(args.format) != Format::Json && (!streams || sorted.is_some()),
            wanted: args.flow.map(FlowId),
            kept: Vec::new(),
            live,
            error: None,
        }
    }

    pub(super) fn take(&mut self, flow: FlowRecord) {
        self.tally.flow(&flow);
        if let Some(wanted) = self.wanted {
            if flow.flow == wanted {
                self.kept.push(flow);
            }
        } else if self.keep {
            self.kept.push(flow);
        } else {
            self.write(&flow);
        }
    }

    fn write(&mut self, flow: &FlowRecord) {
        if self.error.is_some() {
            return;
        }
        let of = FlowOf {
            file: self.name.as_deref(),
            flow,
        };
        let written = match self.stream {
            Stream::Nowhere => Ok(()),
            Stream::Jsonl(out) => write_flow_line(of, out),
            Stream::Csv(csv) => csv.flow(of),
        };
        let live = self.live;
        let handed_on = written.and_then(|()| if live { self.stream.flush() } else { Ok(()) });
        self.error = handed_on.err();
    }

    /// Sorts what was kept; writes it where it goes out flow by flow.
    pub(super) fn end(mut self) -> io::Result<Vec<FlowRecord>> {
        let mut kept = std::mem::take(&mut self.kept);
        if let Some((key, reverse)) = self.sorted {
            sort(&mut kept, key, reverse);
        }
        if !matches!(self.stream, Stream::Nowhere) {
            for flow in kept.drain(..) {
                self.write(&flow);
            }
        }
        match self.error {
            Some(e) => Err(e),
            None => Ok(kept),
        }
    }
}
