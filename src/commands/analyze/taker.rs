//! What becomes of the flows: counted, written as they come, or kept.

use std::io;

use crate::analysis::{InOrder, SortKey, Tally, sort};
use crate::cli::AnalyzeArgs;
use crate::model::{FlowId, FlowRecord};
use crate::report::{FlowOf, FlowWriter};

/// Where flows are written as they come, if anywhere.
pub(super) type Stream<'o> = Option<Box<dyn FlowWriter + 'o>>;

/// So many flows may wait to be sorted beside those that are told.
const WAIT: usize = 1 << 14;

/// The flows of a timeline that are told at the end.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) flows: Vec<FlowRecord>,
    /// How many more there are.
    pub(super) hidden: usize,
}

/// Takes the flows of one timeline: counts them, and writes or keeps them.
pub(super) struct Taker<'a, 'o> {
    tally: &'a mut Tally,
    stream: &'a mut Stream<'o>,
    name: Option<String>,
    sorted: Option<(SortKey, bool)>,
    keep: bool,
    /// Where the order is that of their numbers, flows are written as soon as all before
    /// them have been.
    in_order: Option<InOrder>,
    wanted: Option<FlowId>,
    kept: Vec<FlowRecord>,
    /// So many are told at most: the first in their order.
    most: usize,
    /// Flows that were to be kept and are not told.
    hidden: usize,
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
        // A filter leaves numbers out, for which nobody is to wait.
        let numbers = sorted == Some((SortKey::Flow, false)) && args.filter.is_none();
        let in_order = (stream.is_some() && numbers).then(InOrder::default);
        let all = stream.is_some() || args.rows == 0;
        let most = if all { usize::MAX } else { args.rows };
        Self {
            tally,
            stream,
            name,
            sorted,
            keep,
            in_order,
            wanted: args.flow.map(FlowId),
            kept: Vec::new(),
            most,
            hidden: 0,
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
        } else if let Some(mut in_order) = self.in_order.take() {
            in_order.take(flow, &mut |flow| self.write(flow));
            self.in_order = Some(in_order);
        } else if self.keep {
            self.kept.push(flow);
            if self.kept.len() > self.most.saturating_add(WAIT) {
                self.cut();
            }
        } else {
            self.write(&flow);
        }
    }

    /// Lets those go that come after the last one that is told.
    fn cut(&mut self) {
        if let Some((key, reverse)) = self.sorted {
            sort(&mut self.kept, key, reverse);
        }
        self.hidden += self.kept.len().saturating_sub(self.most);
        self.kept.truncate(self.most);
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
    pub(super) fn end(mut self) -> io::Result<Kept> {
        if let Some(in_order) = self.in_order.take() {
            in_order.finish(&mut |flow| self.write(flow));
        }
        self.cut();
        let mut kept = std::mem::take(&mut self.kept);
        if self.stream.is_some() {
            for flow in kept.drain(..) {
                self.write(&flow);
            }
        }
        match self.error {
            Some(e) => Err(e),
            None => Ok(Kept {
                flows: kept,
                hidden: self.hidden,
            }),
        }
    }
}
