//! The page in English.

use super::Texts;

#[rustfmt::skip] // A text a line, for those who translate.
pub(super) const TEXTS: Texts = Texts {
    cpus: ["CPU", "CPUs"],
    yes: "yes", no: "no", to_do: "to do", interfaces: "interfaces", limits: "limits",
    unlimited: "unlimited or not known", none: "none",
    ready: "All that `threadtap run` needs is here.",
    missing: "Something that `threadtap run` needs is missing: see \"to do\" above.",
    root: "root", ordinary_user: "an ordinary user",
    no_libpcap: "libpcap of an unknown version",
    no_tshark: "no tshark",
    memory: ", {bytes} of memory",
    tool_on: "{tool} as {user} on {kernel} ({architecture}){system}",
};
