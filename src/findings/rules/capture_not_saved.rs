//! `capture_not_saved`: `capture.pcap` does not hold every frame.

use crate::findings::FindingsInput;
use crate::findings::evidence::remedy_of_not_saved as remedy;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::capture_not_saved;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "The capture file is not complete",
        severities: &[Severity::Error],
        means: "threadtap could not write more frames to capture.pcap, usually because the \
             disk is full, or because of `ulimit -f`. The file can still be opened, up to the last frame that was \
             written.",
        look_at: "The error in the message, and the free space of the disk (`df`).",
        to_do: "Free some space, or choose another disk with --out; where the message says that \
             the file is too large, raise the limit with `ulimit -f`. Then run it again.",
        filter: None,
        evidence: &[("frames_saved", "how many frames the file holds")],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let troubles = &input.seen?.observation.troubles;
    let (error, frames) = troubles.iter().find_map(|trouble| match trouble {
        Trouble::CaptureNotSaved { error, frames } => Some((error, *frames)),
        _ => None,
    })?;
    let sentences = vec![capture_not_saved::cut(error, frames), remedy(error)];
    Some(says(sentences).with("frames_saved", frames))
}
