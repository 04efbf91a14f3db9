//! `log_cut`: a program printed more than its log may hold.

use crate::findings::FindingsInput;
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::Severity;
use crate::model::observation::Trouble;
use crate::wording::{Bytes, log_cut};

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "A log is not complete",
        severities: &[Severity::Warning],
        means: "A program printed more than --log-limit allows its log to hold. The log has \
             the beginning, and its last line says that it was cut. The figures of the run \
             are not affected.",
        look_at: "The end of the log: what does the program print again and again?",
        to_do: "Let the program print less, or raise --log-limit if all of it is needed.",
        filter: None,
        evidence: &[
            ("side", "whose log"),
            ("printed_bytes", "what the program printed, in bytes"),
            ("limit_bytes", "what the log may hold, in bytes"),
        ],
    },
    judge: Judge::Each(judge),
};

fn judge(input: &FindingsInput<'_>) -> Vec<Conclusion> {
    let Some(seen) = input.seen else {
        return Vec::new();
    };
    let troubles = seen.observation.troubles.iter();
    let cut = troubles.filter_map(|trouble| match trouble {
        Trouble::LogCut {
            side,
            printed_bytes,
            limit_bytes,
        } => Some((side, *printed_bytes, *limit_bytes)),
        _ => None,
    });
    cut.map(|(side, printed, limit)| {
        let log = side.log_file();
        let sentence = log_cut::cut(*side, Bytes(printed), log, Bytes(limit));
        says(sentence)
            .with("side", side.to_string())
            .with("printed_bytes", printed)
            .with("limit_bytes", limit)
    })
    .collect()
}
