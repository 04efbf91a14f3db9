//! `log_not_saved`: a log does not hold all that its program printed.

use crate::findings::FindingsInput;
use crate::findings::evidence::remedy_of_not_saved as remedy;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::{Bytes, log_not_saved};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A log could not be written",
        severities: &[Severity::Error],
        means: "threadtap could not write all that a program printed to its log, usually \
             because the disk is full. The program noticed nothing of it, and the figures \
             of the run are not affected.",
        look_at: "The error in the message, and the free space of the disk (`df`).",
        to_do: "Free some space, or choose another disk with --out. Then run it again.",
        filter: None,
        evidence: &[
            ("side", "whose log"),
            ("saved_bytes", "how many bytes the log holds"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let troubles = seen.observation.troubles.iter();
    let lost = troubles.filter_map(|trouble| match trouble {
        Trouble::LogNotSaved {
            side,
            error,
            saved_bytes,
        } => Some((side, error, *saved_bytes)),
        _ => None,
    });
    lost.map(|(side, error, saved)| {
        let log = side.log_file();
        let sentences = vec![
            log_not_saved::cut(*side, error, log, Bytes(saved)),
            remedy(error),
        ];
        says(sentences)
            .with("side", side.to_string())
            .with("saved_bytes", saved)
    })
    .collect()
}
