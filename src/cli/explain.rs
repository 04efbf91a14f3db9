//! The arguments of `threadtap explain`.

use clap::Args;

use crate::lang::Lang;

const EXAMPLES: &str = "\
Each finding of a run or a comparison ends with its code in brackets, as in [pool_width]. The
display filter can be pasted into Wireshark, or given to tshark with -Y. All of it stands in
docs/findings.md, too.

Exit status: 0; 2 if there is no such finding.

Examples:
  threadtap explain                            the codes of all findings, and what each is about
  threadtap explain syn_retransmitted          what it means, what to look at, what to do
  threadtap explain not_joined pool_width      several at once
  threadtap explain --lang id pool_width       in Indonesian
  threadtap explain --port 8080 requests_failed
                                               with display filters for a server on port 8080";

/// `threadtap explain`: what findings mean.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// Codes of findings, which stand in brackets behind their messages [default: list all]
    #[arg(value_name = "CODE")]
    pub codes: Vec<String>,
    /// Language [default: that of the locale, where it is one of these, else en]
    #[arg(long, value_enum)]
    pub lang: Option<Lang>,
    /// Port of the server, for the display filters
    #[arg(long, value_name = "PORT", default_value_t = 45_000,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
}
