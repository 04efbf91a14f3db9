//! The arguments of `threadtap report`.

use std::path::PathBuf;

use clap::Args;

use crate::report::Evidence;

const EXAMPLES: &str = "\
The files are made from what is saved in the folder of the run, and are put there. A file that
an earlier report made is replaced; nothing else in the folder is changed.

Exit status:
  0    all of it was made
  1    a file could not be made, or the run is not whole: it was interrupted, a file is cut off
  2    it could not begin: not the folder of a run, or one of a version that is not known here

Examples:
  threadtap report my-run                     every file but trace.json
  threadtap report my-run --only html         the page; open my-run/report.html in a browser
  threadtap report my-run --only pcapng       the capture for Wireshark
  threadtap report my-run --only pftrace      the timeline; open it at https://ui.perfetto.dev
  wireshark my-run/capture.pcapng -Y 'frame.comment contains \"worker:17,\"'
                                              the frames of one worker";

/// `threadtap report`: files made of saved runs.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Folders of runs
    #[arg(value_name = "RUN_DIR", required = true)]
    pub dirs: Vec<PathBuf>,
    /// Make only these files
    #[arg(long, value_enum, value_name = "FILE", value_delimiter = ',')]
    pub only: Vec<Evidence>,
}
