//! `ebpf_not_allowed`: programs in the kernel were asked for, and are not to be had here.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::ebpf_not_allowed;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The system does not allow eBPF",
        severities: &[Severity::Warning],
        means: "With --observe ebpf small programs in the kernel tell each thread, process and \
             connection of your programs, which are then never stopped. The system did not load \
             them. Your programs were observed as without the option: traced with ptrace(2) \
             where that is allowed, else sampled. The counts say how they were obtained. A watch \
             never traces, for that would stop the programs: it samples them.",
        look_at: "The reason in the message; threadtap doctor.",
        to_do: "Do what the message recommends, or leave the option out: then threadtap takes what \
             is to be had, without this warning.",
        filter: None,
        evidence: &[("reason", "what was refused, and why")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let troubles = &input.seen?.observation.troubles;
    let reason = troubles.iter().find_map(|trouble| match trouble {
        Trouble::KernelRefused { reason } => Some(reason),
        _ => None,
    })?;
    let sentence = if input.run.plan.watched {
        ebpf_not_allowed::watch(reason)
    } else {
        ebpf_not_allowed::refused(reason)
    };
    Some(says(sentence).with("reason", reason.clone()))
}
