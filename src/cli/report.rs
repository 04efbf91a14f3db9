//! The arguments of `threadtap report`.

use std::path::PathBuf;

use clap::Args;

use crate::lang::Lang;
use crate::report::Evidence;

const EXAMPLES: &str = "\
report.md is one report of all folders, to hand in: the task, the environment, the maximum of
threads and processes, for each run its counts, what happened in sentences, the table of
interactions and the findings, then the comparison and the conclusion. Each sentence is made from
what was saved. Of comparisons without a run, each method is described by its run with the median
duration. The other files are made of each run, and are put into its folder. Of several folders, or
of a comparison, one more report.html stands beside report.md: all methods on the same axes, threads
over time and how long handshakes and answers took.

A file that an earlier report made is replaced, and nothing else. A report.md, or a
page of several folders, that somebody has written in is kept, unless --force is given.

Exit status:
  0    all of it was made
  1    a file could not be made, or a run is not whole: it was interrupted, a file is cut off
  2    it could not begin: not a folder of threadtap's, or of a version that is not known here

Examples:
  threadtap report my-run                     every file but trace.json
  threadtap report t p q --lang id            report.md of three runs, in Indonesian
  threadtap report t p q cmp max -o lab1.md   with a comparison and a ceiling (saved with --out)
  threadtap report cmp                        a comparison alone, each method with one of its runs
  threadtap report my-run --only html         the page; open my-run/report.html in a browser
  threadtap report t p q --only html --open   the same of three runs and of all; that one opens
  threadtap report my-run --only html --open  the same, and open it
  threadtap report my-run --only pcapng       the capture for Wireshark
  threadtap report my-run --only pftrace      the timeline; open it at https://ui.perfetto.dev
  wireshark my-run/capture.pcapng -Y 'frame.comment contains \"worker:17,\"'
                                              the frames of one worker";

/// `threadtap report`: files made of saved runs, and a report of all that is given.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Folders of runs, comparisons and searches for ceilings
    #[arg(value_name = "DIR", required = true)]
    pub dirs: Vec<PathBuf>,
    /// Make only these files
    #[arg(long, value_enum, value_name = "FILE", value_delimiter = ',')]
    pub only: Vec<Evidence>,
    /// Open the page, of several folders the one of all, in a browser: that of `$BROWSER`, or the
    /// default one where there is a display; else say where it is
    #[arg(long)]
    pub open: bool,
    /// Where report.md goes, and beside it the page of several folders: a file, or a folder
    /// [default: DIR, or with several the current folder]
    #[arg(long, short, value_name = "PATH")]
    pub out: Option<PathBuf>,
    /// Language of report.md and report.html [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or `LANG`]
    #[arg(long, value_enum, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Maximum number of rows in each table of interactions
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub rows: usize,
    /// Replace a report.md, or a page of several folders, that somebody has changed, or that
    /// threadtap did not make
    #[arg(long)]
    pub force: bool,
}
