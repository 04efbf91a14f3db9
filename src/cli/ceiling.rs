//! `threadtap ceiling`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::run::IsolateName;
use super::shared::Colour;
use super::values;
use crate::lang::Lang;
use crate::model::CeilingKind;
use crate::report::Format;
use crate::reserve;
use crate::session::ceiling::CeilingPlan;
use crate::session::run::SaveIn;

const EXAMPLES: &str = "\
Threads, processes or connections are created, held for a moment, and released
again. The processes that hold them end when threadtap ends. The reserve is
left free in memory and in the limits that the whole system shares, so that
other programs can still fork. A limit of only your process, user or control
group is used without reserve.

Examples:
  threadtap ceiling                                  threads, processes and connections
  threadtap ceiling --predict                        what the limits allow; creates nothing
  threadtap ceiling --kind thread --stack-size 64k   with small stacks
  threadtap ceiling --kind thread,process --max 5000 at most 5000 of each
  threadtap ceiling --kind process --reserve 0       use all: for a moment no program can fork
  (ulimit -v 1000000; threadtap ceiling --kind thread)
                                                     with less address space
  threadtap ceiling --out max                        saved in max, for a report:
  threadtap report t p max                           max with two runs
  threadtap ceiling --format json | jq '.kinds[] | {kind, reached, binds: .binding.name}'

`no reserve` is the number that the limits allow. `predicted` is that
number minus the reserve: the search ends there, unless --max ends it earlier.";

/// A kind, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    /// Threads of one process, its first thread not counted
    Thread,
    /// Processes with one thread each
    Process,
    /// Connections of one client to the embedded server, each with one answer
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

/// `threadtap ceiling`: the most that there can be at once.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CeilingArgs {
    /// What to count, separated by commas [default: all]
    #[arg(long, short, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub kind: Vec<KindName>,
    /// Stack size of a thread [default: the system's default, `ulimit -s`]
    #[arg(long, value_name = "SIZE", value_parser = values::stack_size)]
    pub stack_size: Option<u64>,
    /// Only compute the ceilings from the limits; create nothing
    #[arg(long)]
    pub predict: bool,
    /// Stop at N of each kind
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max: Option<u64>,
    /// Percentage of free memory and of free system-wide limits to leave unused
    #[arg(long, value_name = "PERCENT", default_value_t = reserve::PERCENT, value_parser = values::percent)]
    pub reserve: u64,
    /// With --kind connection alone: whether the search has a network of its own, where every port
    /// is free; auto: no, as it captures nothing
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub isolate: IsolateName,
    /// Empty or new folder to save the result in, for `threadtap report` and `threadtap show`
    #[arg(long, short, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an earlier result in DIR. A file that threadtap did not write is never removed
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Let other users read what is saved: folder 0755 and file 0644 instead of 0700 and 0600
    #[arg(long, requires = "out")]
    pub shared: bool,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
    /// Language of what is printed for people [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or
    /// `LANG`, where it is one of these, else en]
    #[arg(long, value_enum, value_name = "LANG")]
    pub lang: Option<Lang>,
}

impl CeilingArgs {
    /// Where the result is to be saved.
    #[must_use]
    pub fn save_in(&self) -> Option<SaveIn> {
        let folder = self.out.clone()?;
        Some(SaveIn {
            folder: Some(folder),
            replace: self.force,
            shared: self.shared,
            ..SaveIn::default()
        })
    }

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
            isolated: self.isolate == IsolateName::Always,
        }
    }
}
