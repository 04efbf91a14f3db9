//! `threadtap analyze`.

mod filter;
mod merge;
mod taker;

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use anyhow::Context;

use self::filter::understood;
use self::merge::Copied;
use self::taker::{Stream, Taker};
use super::output::{Patient, printed};
use super::read_ahead::read_ahead;
use super::terminal::style;
use super::{COULD_NOT_RUN, DID_NOT_HOLD, OK, expectations};
use crate::analysis::{Analyzer, FileSummary, FrameFilter, Ladder, Merged, Tally};
use crate::capfile::{CaptureReader, OpenError};
use crate::cli::{AnalyzeArgs, UsageError};
use crate::expect::Document;
use crate::flow::FlowConfig;
use crate::model::{FlowId, FlowRecord, Frame};
use crate::report::{AnalysisView, FlowCsv, FlowOf, Format, write_analysis, write_ladder};
use crate::sys::capture::filter::Filter;
use crate::sys::proc::limits;

type Reader = CaptureReader<Box<dyn Read + Send>>;

/// Reads the captures and prints what was asked for.
pub fn analyze(args: &AnalyzeArgs) -> anyhow::Result<u8> {
    if args.flow.is_some() && args.files.len() > 1 && !args.merge {
        anyhow::bail!(UsageError::Mismatch(
            "--flow with several files needs --merge: each file has its own flow numbers",
        ));
    }
    let stdin = args.files.iter().filter(|f| is_stdin(f)).count();
    if stdin > 1 {
        anyhow::bail!(UsageError::Mismatch(
            "- (standard input) can be read only once"
        ));
    }
    let format = Format::from(args.format);
    if args.sort.key().is_none() && !matches!(format, Format::Jsonl | Format::Csv | Format::Json) {
        anyhow::bail!(UsageError::Mismatch(
            "--sort none needs --format json, jsonl or csv",
        ));
    }
    let document = Document::analysis();
    expectations::check(&args.expect, &document)?;
    let mut filter = args.filter.as_deref().map(understood).transpose()?;
    let mut run = Run {
        args,
        format,
        tally: Tally::default(),
        files: Vec::new(),
        kept: Vec::new(),
        document,
        status: OK,
    };
    let written = match run.read_and_print(filter.as_mut()) {
        Ok(()) => Ok(()),
        // Files that cannot be read are told where they are: this is the output.
        Err(e) => Err(e.downcast::<io::Error>()?),
    };
    Ok(run.status.max(printed(written)))
}

/// An analysis on its way.
struct Run<'a> {
    args: &'a AnalyzeArgs,
    format: Format,
    tally: Tally,
    files: Vec<FileSummary>,
    /// Flows that are told at the end, with the number of their file.
    kept: Vec<(usize, Vec<FlowRecord>)>,
    document: Document,
    status: u8,
}

impl Run<'_> {
    fn read_and_print(&mut self, mut filter: Option<&mut Filter>) -> anyhow::Result<()> {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        // What is expected of the files is judged whatever becomes of the output.
        let mut out = Patient::new(out, !self.args.expect.is_empty());
        let mut readers = Vec::new();
        for path in &self.args.files {
            readers.push(self.open(path));
        }
        let many = self.args.files.len() > 1 && !self.args.merge;
        let mut stream = self.stream(&mut out, many)?;
        let ladder = if self.args.merge {
            self.read_merged(readers, filter, &mut stream)?
        } else {
            let mut ladder = None;
            for (at, reader) in readers.into_iter().enumerate() {
                if let Some(reader) = reader {
                    let read = self.read_one(at, reader, filter.as_deref_mut(), &mut stream)?;
                    ladder = ladder.or(read);
                }
            }
            ladder
        };
        stream.finish()?;
        self.print(ladder, many, &mut out)?;
        out.end()?;
        Ok(())
    }

    /// Flows go out as they come where nobody wants them sorted.
    fn stream<W: Write>(&self, out: W, files: bool) -> io::Result<Stream<W>> {
        Ok(match self.format {
            Format::Jsonl if self.args.flow.is_none() => Stream::Jsonl(out),
            Format::Csv if self.args.flow.is_none() => {
                Stream::Csv(Box::new(FlowCsv::new(out, files)?))
            }
            _ => Stream::Nowhere,
        })
    }

    /// Opens a file. One that is not a capture is told, and the others are read.
    fn open(&mut self, path: &Path) -> Option<Reader> {
        let name = shown(path);
        let input: io::Result<Box<dyn Read + Send>> = if is_stdin(path) {
            Ok(Box::new(io::stdin()))
        } else {
            File::open(path).map(|f| Box::new(f) as Box<dyn Read + Send>)
        };
        let opened = input.map_err(OpenError::from).and_then(CaptureReader::open);
        let (reader, summary) = match opened {
            Ok(reader) => {
                let format = reader.format().to_string();
                (Some(reader), (Some(format), None))
            }
            Err(e) => {
                eprintln!("threadtap: {name}: {e}");
                self.status = COULD_NOT_RUN;
                (None, (None, Some(e.to_string())))
            }
        };
        self.files.push(FileSummary {
            name,
            format: summary.0,
            frames: 0,
            damage: summary.1,
        });
        reader
    }

    fn read_one<W: Write>(
        &mut self,
        at: usize,
        mut reader: Reader,
        filter: Option<&mut Filter>,
        stream: &mut Stream<W>,
    ) -> anyhow::Result<Option<Ladder>> {
        let filtered = filter.is_some();
        let mut matches = filter.map(|f| move |frame: &Frame<'_>| f.matches(frame));
        let filter = matches.as_mut().map(|m| m as &mut FrameFilter<'_>);
        let mut analyzer = Analyzer::new(self.config(), filter, self.ladder());
        let name = (self.args.files.len() > 1).then(|| self.files[at].name.clone());
        let mut taker = Taker::new(self.args, &mut self.tally, stream, name);
        // A filter is libpcap's, and stays in its thread.
        let damage = if filtered || limits::cpus() < 2 {
            loop {
                match reader.next() {
                    Ok(Some(frame)) => analyzer.frame(&frame, &mut |flow| taker.take(flow)),
                    Ok(None) => break None,
                    Err(e) => break Some(e),
                }
                if taker.error.is_some() {
                    break None;
                }
            }
        } else {
            let (front, damage) = read_ahead(&mut reader, |frame, segment| {
                analyzer.segment(frame, segment, &mut |flow| taker.take(flow));
                taker.error.is_none()
            });
            analyzer.set_front(front);
            damage
        };
        let timeline = analyzer.finish(&mut |flow| taker.take(flow));
        let kept = taker.end()?;
        self.tally.timeline(&timeline);
        self.files[at].frames = reader.frames();
        if let Some(damage) = damage {
            self.damaged(at, damage.to_string());
        }
        self.kept.push((at, kept));
        Ok(timeline.ladder)
    }

    fn read_merged<W: Write>(
        &mut self,
        readers: Vec<Option<Reader>>,
        filter: Option<&mut Filter>,
        stream: &mut Stream<W>,
    ) -> anyhow::Result<Option<Ladder>> {
        let mut matches = filter.map(|f| move |frame: &Frame<'_>| f.matches(frame));
        let filter = matches.as_mut().map(|m| m as &mut FrameFilter<'_>);
        let mut analyzer = Analyzer::new(self.config(), filter, self.ladder());
        let places: Vec<usize> = (0..readers.len())
            .filter(|i| readers[*i].is_some())
            .collect();
        let sources = readers.into_iter().flatten().map(Copied::new);
        let mut frames = vec![0u64; places.len()];
        let mut damage = Vec::new();
        let mut taker = Taker::new(self.args, &mut self.tally, stream, None);
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
        for (place, n) in frames.into_iter().enumerate() {
            self.files[places[place]].frames = n;
        }
        for (place, e) in damage {
            self.damaged(places[place], e);
        }
        self.kept.push((0, kept));
        Ok(timeline.ladder)
    }

    fn damaged(&mut self, at: usize, damage: String) {
        let file = &mut self.files[at];
        eprintln!(
            "threadtap: {}: {damage}; everything before it is reported",
            file.name
        );
        file.damage = Some(damage);
        self.status = self.status.max(DID_NOT_HOLD);
    }

    fn config(&self) -> FlowConfig {
        let whole = FlowConfig {
            max_flows: self.args.max_flows as usize,
            max_closed_flows: self.args.max_flows as usize,
            time_port: self.args.port,
        };
        if self.format == Format::Json || self.args.sort.key().is_none() {
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

    fn print(
        &mut self,
        ladder: Option<Ladder>,
        many: bool,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        let mut rows = self.args.rows;
        if rows == 0 {
            rows = usize::MAX;
        }
        let style = style(rows, self.args.color);
        if let Some(number) = self.args.flow {
            if self.files.iter().all(|f| f.format.is_none()) {
                return Ok(());
            }
            let flows = self.kept.iter().flat_map(|(_, flows)| flows);
            let found = flows.into_iter().find(|f| f.flow == FlowId(number));
            let (flow, ladder) = found.zip(ladder).with_context(|| {
                format!("there is no flow {number}; `threadtap analyze FILE` lists the flows")
            })?;
            write_ladder(flow, &ladder, self.format, style, out)?;
            return Ok(());
        }
        let streamed = matches!(self.format, Format::Jsonl | Format::Csv);
        if (streamed && self.args.expect.is_empty())
            || self.files.iter().all(|f| f.format.is_none())
        {
            return Ok(());
        }
        let files = std::mem::take(&mut self.files);
        let tally = std::mem::take(&mut self.tally);
        let summary = tally.summary(files, self.args.merge, self.args.filter.clone());
        let mut flows = Vec::new();
        for (at, of_file) in &self.kept {
            let file = many.then(|| summary.files[*at].name.as_str());
            flows.extend(of_file.iter().map(|flow| FlowOf { file, flow }));
        }
        let view = AnalysisView {
            summary: &summary,
            flows: &flows,
            sorted: self.args.sort.key(),
        };
        if !streamed {
            write_analysis(view, self.format, style, out)?;
        }
        // What is printed comes first.
        out.flush()?;
        let met = expectations::judge(&self.args.expect, &self.document, &summary)?;
        self.status = self.status.max(met);
        Ok(())
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn shown(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string().escape_debug().to_string()
    }
}
