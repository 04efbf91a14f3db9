//! The arguments of `threadtap doctor`.

use clap::{Args, ValueEnum};

use crate::lang::Lang;

const EXAMPLES: &str = "\
Each thing is tried, for a moment: a capture on lo, a program that is traced up to its start, a
network of its own. Nothing is changed, and nothing is sent. The page has no name of a host, a
user or a folder in it, so that it can be pasted into a bug report.

  capture  frames on lo (libpcap, CAP_NET_RAW); not needed where isolate works
  count    threads and processes (proc(5))
  trace    your own programs (ptrace(2), seccomp(2)); else they are sampled
  isolate  a network of its own for a run, in which everybody may capture (namespaces(7))
  ebpf     your own programs and servers that run already, by programs in the kernel (eBPF),
           which stop nothing; else they are traced, and a watch samples them

Exit status:
  0    all that `threadtap run` needs is there
  1    something is missing: the page says what, and what to do

Examples:
  threadtap doctor
  threadtap doctor --format json | jq .checks
  threadtap doctor --apparmor-profile | sudo tee /etc/apparmor.d/threadtap
  sudo apparmor_parser -r /etc/apparmor.d/threadtap     where AppArmor forbids isolate";

/// How the answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// One page of text
    Text,
    /// One JSON object
    Json,
}

/// `threadtap doctor`: what works here.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    pub format: DoctorFormat,
    /// Print the profile of `AppArmor` that lets this program make user namespaces, and nothing else
    #[arg(long, conflicts_with = "format")]
    pub apparmor_profile: bool,
    /// Language of what is printed for people [default: that of the locale, `LC_ALL`, `LC_MESSAGES` or
    /// `LANG`, where it is one of these, else en]
    #[arg(long, value_enum, value_name = "LANG")]
    pub lang: Option<Lang>,
}
