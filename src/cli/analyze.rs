//! The arguments of `threadtap analyze`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared::Colour;
use crate::analysis::SortKey;
use crate::decode::Tunnels;
use crate::expect::Expectation;
use crate::lang::Lang;
use crate::report::Format;

const EXAMPLES: &str = "\
All figures have the definitions of Wireshark and Zeek: flow numbers are
tcp.stream, states and histories are Zeek's conn_state and history,
retransmissions are tcp.analysis.retransmission.

Examples:
  threadtap analyze capture.pcap                     every flow, and a summary
  threadtap analyze capture.pcap --flow 17           one flow, one line per segment
  threadtap analyze a.pcapng.gz --sort bytes --rows 5
  threadtap analyze a.pcap --filter 'tcp[tcpflags] & tcp-rst != 0'
                                                     only flows with a reset
  threadtap analyze vxlan.pcap --tunnels             the connections in tunnels
  tcpdump -i lo -w - tcp | threadtap analyze -       from a pipe
  threadtap analyze a.pcap --expect 'syn_retransmissions == 0' --expect 'states.SF >= 1000'
                                                     exit status 1 if one does not hold
  threadtap analyze captures/runs/DIR                the capture of a saved run, all of its files
  threadtap analyze *.pcap --format jsonl | jq -r .state | sort | uniq -c";

/// What flows are sorted by, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Their number: the order of their first frames
    Flow,
    /// The client's address and port
    Client,
    /// The server's address and port
    Server,
    /// Zeek's state
    State,
    /// The longest first
    Duration,
    /// The most frames first
    Frames,
    /// The most bytes first
    Bytes,
    /// The most retransmissions first
    Retransmissions,
    /// The longest handshake first
    Handshake,
    /// The slowest answer first
    Exchange,
    /// In the order in which they end, with jsonl and csv, line by line from a pipe: needs little memory for any capture
    None,
}

impl Sort {
    /// The key; `None` for no order.
    #[must_use]
    pub fn key(self) -> Option<SortKey> {
        Some(match self {
            Self::Flow => SortKey::Flow,
            Self::Client => SortKey::Client,
            Self::Server => SortKey::Server,
            Self::State => SortKey::State,
            Self::Duration => SortKey::Duration,
            Self::Frames => SortKey::Frames,
            Self::Bytes => SortKey::Bytes,
            Self::Retransmissions => SortKey::Retransmissions,
            Self::Handshake => SortKey::Handshake,
            Self::Exchange => SortKey::Exchange,
            Self::None => return None,
        })
    }
}

/// `threadtap analyze`: captures, offline.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct AnalyzeArgs {
    /// pcap or pcapng files, also compressed with gzip or zstd, and folders of saved runs; - means standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read all files as one timeline
    #[arg(long)]
    pub merge: bool,
    /// Only flows with at least one frame that matches this capture filter (pcap-filter(7)); the summary counts only these flows
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Show one flow in detail, one line per segment
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["sort", "reverse", "filter"])]
    pub flow: Option<u64>,
    /// Follow tunnels (IP in IP, GRE, VXLAN, Geneve, MPLS) to the TCP connections in them; without it only the outermost IP header counts
    #[arg(long)]
    pub tunnels: bool,
    /// Check the TIME protocol only on this port
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// What to sort flows by
    #[arg(long, value_enum, default_value = "flow")]
    pub sort: Sort,
    /// Reverse the order
    #[arg(long, short)]
    pub reverse: bool,
    /// Maximum number of rows in the table; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub rows: usize,
    /// Maximum number of flows in memory; above it, the flow that was idle longest is reported early
    ///
    /// A flow that never said anything takes at most 256 bytes of memory (4 million of them 1
    /// GB), one that said something about 1 kB until it is closed or reported.
    #[arg(long, value_name = "N", default_value_t = 262_144,
          value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    pub max_flows: u32,
    /// Condition on the summary, for example 'states.S0 == 0' (repeatable)
    #[arg(long, value_name = "EXPR", conflicts_with = "flow")]
    pub expect: Vec<Expectation>,
    /// What to print: table and markdown for people, json for the summary, jsonl and csv for flows
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

impl AnalyzeArgs {
    /// What is to be done with tunnels.
    #[must_use]
    pub const fn tunnels(&self) -> Tunnels {
        if self.tunnels {
            Tunnels::Followed
        } else {
            Tunnels::Outermost
        }
    }
}
