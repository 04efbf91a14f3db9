//! `threadtap ceiling`.

use clap::{Args, ValueEnum};

use super::run::Colour;
use super::values;
use crate::model::CeilingKind;
use crate::report::Format;
use crate::session::ceiling::CeilingPlan;

const EXAMPLES: &str = "\
What is created is held for a moment and then released, in processes that die with this one.
The reserve is kept of what the whole system shares, so that others can still fork; a limit that
only your process, user or control group has is used to its end. Memory always has the reserve.

Examples:
  threadtap ceiling                                  threads, processes and connections
  threadtap ceiling --predict                        what the limits allow, without creating any
  threadtap ceiling --kind thread --stack-size 64k   many small stacks
  threadtap ceiling --kind thread,process --max 5000 no more than 5000 of each
  threadtap ceiling --kind process --reserve 0       to the very end: for a moment nobody can fork
  (ulimit -v 1000000; threadtap ceiling --kind thread)
                                                     with less address space
  threadtap ceiling --format json | jq '.kinds[] | {kind, reached, binds: .binding.name}'

`at the very end` is what the limits allow, `predicted` the same less the reserve: what the search
reaches, unless --max ends it before.";

/// A kind, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Threads of one process, beyond its first
    Thread,
    /// Processes with one thread each
    Process,
    /// Connections of one client to the embedded server, each answered
    Connection,
}

impl From<KindName> for CeilingKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Thread => Self::Thread,
            KindName::Process => Self::Process,
            KindName::Connection => Self::Connection,
        }
    }
}

/// A format, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CeilingFormat {
    /// Tables for a terminal
    Table,
    /// The same as Markdown
    Markdown,
    /// One record
    Json,
    /// A kind a line
    Jsonl,
    /// A limit a row
    Csv,
}

impl From<CeilingFormat> for Format {
    fn from(name: CeilingFormat) -> Self {
        match name {
            CeilingFormat::Table => Self::Table,
            CeilingFormat::Markdown => Self::Markdown,
            CeilingFormat::Json => Self::Json,
            CeilingFormat::Jsonl => Self::Jsonl,
            CeilingFormat::Csv => Self::Csv,
        }
    }
}

/// `threadtap ceiling`: the most that there can be at once.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CeilingArgs {
    /// What to count, with commas between [default: all]
    #[arg(long, short, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub kind: Vec<KindName>,
    /// Size of a thread's stack [default: what the system gives: `ulimit -s`]
    #[arg(long, value_name = "SIZE", value_parser = values::stack_size)]
    pub stack_size: Option<u64>,
    /// Compute the ceilings from the limits and create nothing
    #[arg(long)]
    pub predict: bool,
    /// Stop at N of a kind
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max: Option<u64>,
    /// Share of what is left of the whole system's limits, and of memory, not to be used
    #[arg(long, value_name = "PERCENT", default_value = "5", value_parser = values::percent)]
    pub reserve: u64,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    pub format: CeilingFormat,
    /// Whether to colour
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
}

impl CeilingArgs {
    /// What is to be found. A kind that is named twice is looked for once.
    #[must_use]
    pub fn plan(&self) -> CeilingPlan {
        let wanted: Vec<CeilingKind> = self.kind.iter().copied().map(Into::into).collect();
        let kinds = CeilingKind::ALL
            .into_iter()
            .filter(|kind| wanted.is_empty() || wanted.contains(kind))
            .collect();
        CeilingPlan {
            kinds,
            stack_bytes: self.stack_size,
            reserve_percent: self.reserve,
            max: self.max,
            predict: self.predict,
        }
    }
}
