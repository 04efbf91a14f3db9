//! Options that several commands have, each in the same words.

use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values;
use crate::lang::Lang;
use crate::model::FlowChoice;
use crate::report::Format;
use crate::session::run::{Rotate, SaveIn};

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// Only on a terminal, and only if `NO_COLOR` is not set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

// No documentation of these structs stands with `///`: clap would show it as the command's.

#[derive(Clone, Debug, Args)]
pub struct TapArgs {
    /// Size of the capture buffer, for frames that are not yet read
    #[arg(long, value_name = "SIZE", default_value = "32M", value_parser = values::size,
          help_heading = "Capture")]
    pub buffer: u32,
    /// Snapshot length: maximum number of bytes to keep of each frame
    #[arg(long, value_name = "BYTES", default_value = "262144", value_parser = values::size,
          help_heading = "Capture")]
    pub snaplen: u32,
    /// Maximum time to wait for connections to close after the client has ended
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = values::duration,
          help_heading = "Capture")]
    pub linger: Duration,
    /// Do not capture: needs no privilege, but figures that need a capture are not measured
    #[arg(long, conflicts_with_all = ["interface", "buffer", "snaplen", "linger"],
          help_heading = "Capture")]
    pub no_capture: bool,
    /// Go on in another file when the capture's file would be longer than SIZE (64k at least: 100M,
    /// 1G), or is of TIME (30s, 10m): capture-00001.pcap, capture-00002.pcap and so on, which
    /// every command of threadtap reads as one [default: one file, capture.pcap]
    #[arg(long, value_name = "SIZE|TIME", value_parser = values::rotate, conflicts_with = "no_capture",
          help_heading = "Capture")]
    pub rotate: Option<Rotate>,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct KeepArgs {
    /// Replace an earlier run in DIR. A file that threadtap did not write is never removed
    #[arg(long, help_heading = "Output")]
    pub force: bool,
    /// Let other users read what is saved: folder 0755 and files 0644 instead of 0700 and 0600
    #[arg(long, help_heading = "Output")]
    pub shared: bool,
    /// Flows that flows.jsonl has: all, problems (what was not made, not answered rightly, not
    /// closed, sent again, or has no owner), or a number: so many at most, problems first, then
    /// those that took the longest. All figures are of all flows, and the capture has them
    #[arg(
        long,
        value_name = "all|problems|N",
        default_value = "all",
        help_heading = "Output"
    )]
    pub flows: FlowChoice,
}

impl KeepArgs {
    /// Where and how it is saved.
    pub fn save_in(self, folder: Option<&Path>, compress: bool, rotate: Option<Rotate>) -> SaveIn {
        SaveIn {
            folder: folder.map(Path::to_path_buf),
            replace: self.force,
            shared: self.shared,
            flows: self.flows,
            compress,
            rotate,
        }
    }
}

#[derive(Clone, Copy, Debug, Args)]
pub struct PrintArgs {
    /// Do not make report.html and capture.pcapng; `threadtap report DIR` makes them later
    #[arg(long, help_heading = "Output")]
    pub no_report: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "table", help_heading = "Output")]
    pub format: Format,
    /// Maximum number of rows in the interaction table
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub rows: usize,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto", help_heading = "Output")]
    pub color: Colour,
    /// Language of what is printed for people [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or
    /// `LANG`, where it is one of these, else en]
    #[arg(long, value_enum, value_name = "LANG", help_heading = "Output")]
    pub lang: Option<Lang>,
}
