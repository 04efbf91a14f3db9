//! `threadtap analyze`.

mod filter;
mod input;
mod merge;
mod read;
mod taker;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use self::filter::understood;
use self::input::{Inputs, is_stdin};
use self::taker::{Kept, Stream};
use super::confined::confine;
use super::output::{Patient, printed};
use super::own_name::own_name;
use super::terminal::style;
use super::{COULD_NOT_RUN, DID_NOT_HOLD, INTERRUPTED, OK, expectations};
use crate::analysis::{FileSummary, Ladder, Tally};
use crate::cli::{AnalyzeArgs, UsageError};
use crate::expect::Document;
use crate::model::{FlowId, LinkType};
use crate::report::{AnalysisView, FlowOf, FlowWriter, Format, write_analysis, write_ladder};
use crate::sys::capture::filter::Filter;
use crate::sys::confine::Needs;
use crate::sys::host;

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
    let format = args.format;
    if args.sort.key().is_none() && format.is_for_people() {
        anyhow::bail!(UsageError::Mismatch(
            "--sort none needs a format for programs: --format json, jsonl or csv",
        ));
    }
    let document = Document::analysis();
    expectations::check(&args.expect, &document)?;
    let filter = args.filter.as_deref().map(understood).transpose()?;
    // Names are looked up while that is possible.
    let mut filter = filter.map(|filter| filter.compiled_for(&LinkType::NAMED));
    if args.merge {
        // Merging needs all of them at once.
        host::raise_descriptors(args.files.len() as u64 + 64);
    }
    let named = args.files.iter().filter(|f| !is_stdin(f));
    let (folders, files) = named
        .map(PathBuf::as_path)
        .partition(|path: &&Path| path.is_dir());
    confine(&Needs {
        files,
        folders,
        ..Needs::default()
    });
    let inputs = Inputs::new()?;
    let mut run = Run {
        args,
        format,
        inputs,
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
    inputs: Inputs,
    tally: Tally,
    files: Vec<FileSummary>,
    /// Flows that are told at the end, with the number of their file.
    kept: Vec<(usize, Kept)>,
    document: Document,
    status: u8,
}

impl Run<'_> {
    fn read_and_print(&mut self, mut filter: Option<&mut Filter>) -> anyhow::Result<()> {
        let out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        // What is expected of the files is judged whatever becomes of the output.
        let mut out = Patient::new(out, !self.args.expect.is_empty());
        let many = self.args.files.len() > 1 && !self.args.merge;
        let mut stream = self.stream(&mut out, many)?;
        let mut ladder = None;
        if self.args.merge {
            let paths = self.args.files.iter();
            let readers = paths.map(|path| self.open(path)).collect();
            ladder = self.read_merged(readers, filter, &mut stream)?;
        } else {
            for (at, path) in self.args.files.iter().enumerate() {
                if let Some(open) = self.open(path) {
                    let read = self.read_one(at, open, filter.as_deref_mut(), &mut stream)?;
                    ladder = ladder.or(read);
                }
            }
        }
        if self.files.iter().all(|f| f.format.is_none()) {
            self.status = self.status.max(COULD_NOT_RUN);
        }
        if self.inputs.over() {
            self.status = INTERRUPTED;
        }
        stream.map_or(Ok(()), FlowWriter::finish)?;
        self.print(ladder, many, &mut out)?;
        out.end()?;
        Ok(())
    }

    /// Flows go out as they come where nobody wants them sorted.
    fn stream<'o>(&self, out: &'o mut dyn Write, files: bool) -> io::Result<Stream<'o>> {
        match self.args.flow {
            None => self.format.flow_writer(out, files),
            Some(_) => Ok(None),
        }
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
        let style = style(rows, self.args.color, self.args.lang);
        if let Some(number) = self.args.flow {
            if self.files.iter().all(|f| f.format.is_none()) {
                return Ok(());
            }
            let flows = self.kept.iter().flat_map(|(_, kept)| &kept.flows);
            let found = flows.into_iter().find(|f| f.flow == FlowId(number));
            let (flow, ladder) = found.zip(ladder).with_context(|| {
                format!(
                    "there is no flow {number}; `{} analyze FILE` lists the flows",
                    own_name()
                )
            })?;
            write_ladder(flow, &ladder, self.format, style, out)?;
            return Ok(());
        }
        let streamed = self.format.writes_flows();
        if (streamed && self.args.expect.is_empty())
            || self.files.iter().all(|f| f.format.is_none())
        {
            return Ok(());
        }
        let files = std::mem::take(&mut self.files);
        let tally = std::mem::take(&mut self.tally);
        let summary = tally.summary(files, self.args.merge, self.args.filter.clone());
        let (mut flows, mut hidden) = (Vec::new(), 0);
        for (at, kept) in &self.kept {
            let file = many.then(|| summary.files[*at].name.as_str());
            flows.extend(kept.flows.iter().map(|flow| FlowOf { file, flow }));
            hidden += kept.hidden;
        }
        let view = AnalysisView {
            summary: &summary,
            flows: &flows,
            hidden,
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
