//! What becomes of the flows: counted, written as they come, or kept.

use std::io;

use crate::analysis::{SortKey, Tally, sort};
use crate::cli::AnalyzeArgs;
use crate::model::{FlowId, FlowRecord};
use crate::report::{FlowOf, FlowWriter};

/// Where flows are written as they come, if anywhere.
pub(super) type Stream<'o> = Option<Box<dyn FlowWriter + 'o>>;

/// Takes the flows of one timeline: counts them, and writes or keeps them.
pub(super) struct Taker<'a, 'o> {
    tally: &'a mut Tally,
    stream: &'a mut Stream<'o>,
    name: Option<String>,
    sorted: Option<(SortKey, bool)>,
    keep: bool,
    wanted: Option<FlowId>,
    kept: Vec<FlowRecord>,
    /// Whether somebody waits for each line.
    live: bool,
    pub(super) error: Option<io::Error>,
}

impl<'a, 'o> Taker<'a, 'o> {
    pub(super) fn new(
        args: &AnalyzeArgs,
        tally: &'a mut Tally,
        stream: &'a mut Stream<'o>,
        name: Option<String>,
        live: bool,
    ) -> Self {
        let sorted = args.sort.key().map(|key| (key, args.reverse));
        // The summary alone needs no flows.
        let keep = match stream {
            Some(_) => sorted.is_some(),
            None => args.format.is_for_people(),
        };
        Self {
            tally,
            stream,
            name,
            sorted,
            keep,
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
        if let Some(stream) = self.stream {
            let live = self.live;
            let written = stream.flow(of);
            let handed_on = written.and_then(|()| if live { stream.flush() } else { Ok(()) });
            self.error = handed_on.err();
        }
    }

    /// Sorts what was kept; writes it where it goes out flow by flow.
    pub(super) fn end(mut self) -> io::Result<Vec<FlowRecord>> {
        let mut kept = std::mem::take(&mut self.kept);
        if let Some((key, reverse)) = self.sorted {
            sort(&mut kept, key, reverse);
        }
        if self.stream.is_some() {
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
