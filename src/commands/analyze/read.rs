//! Reading: files one after the other, or all as one timeline.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use super::input::{Open, shown};
use super::merge::Copied;
use super::taker::{Stream, Taker};
use super::{DID_NOT_HOLD, Run};
use crate::analysis::{Analyzer, FileSummary, FrameFilter, Ladder, Merged, Timeline};
use crate::commands::read_ahead::{before, read_ahead};
use crate::flow::FlowConfig;
use crate::model::{FlowId, Frame, Nanos};
use crate::sys::capture::filter::Filter;
use crate::sys::host;
use crate::sys::process::stderr;

/// Where flows are told as they end: a closed flow waits so long for frames that
/// come late, by the capture's clock.
const LATE: Nanos = Nanos::new(5_000_000_000);

impl Run<'_> {
    /// Opens a file. One that is not a capture is told, and the others are read.
    pub(super) fn open(&mut self, path: &Path) -> Option<Open> {
        let name = shown(path);
        let (open, format, damage) = if self.inputs.interrupted() {
            (None, None, Some("not read: interrupted".to_owned()))
        } else {
            match self.inputs.open(path) {
                Ok(open) => {
                    let format = open.reader.format().to_string();
                    tracing::info!("opened {name}: {format}");
                    (Some(open), Some(format), None)
                }
                Err(e) => {
                    stderr::tell(format_args!("threadtap: {name}: {e}"));
                    self.status = self.status.max(DID_NOT_HOLD);
                    (None, None, Some(e.to_string()))
                }
            }
        };
        self.files.push(FileSummary {
            name,
            format,
            frames: 0,
            damage,
        });
        open
    }

    pub(super) fn read_one(
        &mut self,
        at: usize,
        mut open: Open,
        filter: Option<&mut Filter>,
        stream: &mut Stream<'_>,
    ) -> anyhow::Result<Option<Ladder>> {
        let live = open.live && self.args.sort.key().is_none();
        let reader = &mut open.reader;
        let mut matches = filter.map(|f| move |frame: &Frame<'_>| f.matches(frame));
        let filter = matches.as_mut().map(|m| m as &mut FrameFilter<'_>);
        let mut analyzer =
            Analyzer::new(self.config(), filter, self.ladder()).with(self.args.tunnels());
        let name = (self.args.files.len() > 1).then(|| self.files[at].name.clone());
        let mut taker = Taker::new(self.args, &mut self.tally, stream, name, live);
        let threads = host::cpus() >= 2 || live;
        let damage = if let Some(halves) = analyzer.halves().filter(|_| threads) {
            read_ahead(reader, live.then_some(LATE), halves, |flow| {
                taker.take(flow);
                taker.error.is_none()
            })
        } else {
            // A filter is libpcap's, and stays in its thread.
            loop {
                match reader.next() {
                    Ok(Some(frame)) => {
                        let now = frame.time;
                        analyzer.frame(&frame, &mut |flow| taker.take(flow));
                        if live {
                            let until = before(now, LATE);
                            analyzer.hand_on_closed(Some(until), &mut |flow| taker.take(flow));
                        }
                    }
                    Ok(None) => break None,
                    Err(e) => break Some(e),
                }
                if taker.error.is_some() {
                    break None;
                }
            }
        };
        let timeline = analyzer.finish(&mut |flow| taker.take(flow));
        let kept = taker.end()?;
        self.tally.timeline(&timeline);
        tell_unsupported(Some(&self.files[at].name), &timeline);
        self.files[at].frames = open.reader.frames();
        if open.cut.load(Relaxed) {
            self.damaged(at, "interrupted".to_owned());
        } else if let Some(damage) = damage {
            self.damaged(at, damage.to_string());
        }
        self.kept.push((at, kept));
        Ok(timeline.ladder)
    }

    pub(super) fn read_merged(
        &mut self,
        readers: Vec<Option<Open>>,
        filter: Option<&mut Filter>,
        stream: &mut Stream<'_>,
    ) -> anyhow::Result<Option<Ladder>> {
        let mut matches = filter.map(|f| move |frame: &Frame<'_>| f.matches(frame));
        let filter = matches.as_mut().map(|m| m as &mut FrameFilter<'_>);
        let mut analyzer =
            Analyzer::new(self.config(), filter, self.ladder()).with(self.args.tunnels());
        let places: Vec<usize> = (0..readers.len())
            .filter(|i| readers[*i].is_some())
            .collect();
        let readers: Vec<Open> = readers.into_iter().flatten().collect();
        let cuts: Vec<_> = readers.iter().map(Open::cut).collect();
        let sources = readers.into_iter().map(|open| Copied::new(open.reader));
        let mut frames = vec![0u64; places.len()];
        let mut damage = Vec::new();
        let mut taker = Taker::new(self.args, &mut self.tally, stream, None, false);
        Merged::new(sources).run(
            |place, frame| {
                frames[place] += 1;
                analyzer.frame(frame, &mut |flow| taker.take(flow));
            },
            |place, e| damage.push((place, e)),
        );
        let timeline = analyzer.finish(&mut |flow| taker.take(flow));
        let kept = taker.end()?;
        self.tally.timeline(&timeline);
        tell_unsupported(None, &timeline);
        for (place, n) in frames.into_iter().enumerate() {
            self.files[places[place]].frames = n;
        }
        for (place, e) in damage {
            if !cuts[place].load(Relaxed) {
                self.damaged(places[place], e);
            }
        }
        for (place, _) in cuts.iter().enumerate().filter(|(_, cut)| cut.load(Relaxed)) {
            self.damaged(places[place], "interrupted".to_owned());
        }
        self.kept.push((0, kept));
        Ok(timeline.ladder)
    }

    fn damaged(&mut self, at: usize, damage: String) {
        let file = &mut self.files[at];
        stderr::tell(format_args!(
            "threadtap: {}: {damage}; everything before it is reported",
            file.name
        ));
        file.damage = Some(damage);
        self.status = self.status.max(DID_NOT_HOLD);
    }

    fn config(&self) -> FlowConfig {
        let whole = FlowConfig {
            max_flows: self.args.max_flows as usize,
            max_closed_flows: self.args.max_flows as usize,
            time_port: self.args.port,
        };
        let summary_only = !self.format.is_for_people() && !self.format.writes_flows();
        if summary_only || self.args.sort.key().is_none() {
            // Nobody keeps the flows: memory is not to grow with the capture,
            // at the price that a frame which comes very late is not told as
            // its flow's.
            return FlowConfig {
                max_closed_flows: FlowConfig::default().max_closed_flows,
                ..whole
            };
        }
        whole
    }

    fn ladder(&self) -> Option<Ladder> {
        self.args.flow.map(|n| Ladder::of(FlowId(n)))
    }
}

/// Says of which frames nothing can be told, because their link type is not known.
fn tell_unsupported(name: Option<&str>, timeline: &Timeline) {
    for (link, n) in &timeline.unsupported_links {
        let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
        let called = link.name_of_unsupported().map(|name| format!(" ({name})"));
        stderr::tell(format_args!(
            "threadtap: {name}link type {}{} is not supported: nothing is known of {} of {} frames; capture on an interface with IP, or convert the file",
            link.0,
            called.unwrap_or_default(),
            n,
            timeline.frames,
        ));
    }
}
