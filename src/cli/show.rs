//! The arguments of `threadtap show`.

use std::path::PathBuf;

use clap::Args;

use super::shared::Colour;
use crate::expect::Expectation;
use crate::lang::Lang;
use crate::report::Format;

const EXAMPLES: &str = "\
The run is put together again from observation.jsonl (what was seen) and capture.pcap; one that
threadtap 0.1 saved is shown from run.json, flows.jsonl and workers.jsonl. Nothing in the folder
is changed. A comparison and a search for ceilings are shown as they were saved.

Exit status:
  0    the run went well
  1    a request failed, an expectation does not hold, or the run is not whole: it was interrupted,
       its disk was full, a file is cut off
  2    it could not be shown: not a run, or one of a version that is not known here

Examples:
  threadtap show my-run                              what `threadtap run` printed
  threadtap show my-run --rows 1000                  every flow
  threadtap show my-run --format markdown > run.md   for a report
  threadtap show my-run --format csv                 a flow a row, for a spreadsheet
  threadtap show my-run --expect 'client.threads.peak <= 9'
                                                     exit status 1 if it does not hold
  threadtap show my-run --observation | jq -c 'select(.event)'
                                                     what was seen, fact by fact";

/// `threadtap show`: a saved run, comparison or search for ceilings.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// Folder of the run, of the comparison, or of the search for ceilings
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print what was seen, one fact a line as JSON, before any conclusion
    #[arg(long, conflicts_with_all = ["expect", "format", "rows"])]
    pub observation: bool,
    /// Condition on the run's record, for example 'client.threads.peak <= 9' (repeatable)
    #[arg(long, value_name = "EXPR")]
    pub expect: Vec<Expectation>,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// Maximum number of rows in the interaction table
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub rows: usize,
    /// When to use colour
    #[arg(long, value_enum, default_value = "auto")]
    pub color: Colour,
    /// Language of what is printed for people [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or
    /// `LANG`, where it is one of these, else en]
    #[arg(long, value_enum, value_name = "LANG")]
    pub lang: Option<Lang>,
}
