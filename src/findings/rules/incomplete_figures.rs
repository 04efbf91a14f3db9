//! `incomplete_figures`: figures that are not known exactly.

use std::collections::BTreeMap;

use crate::findings::FindingsInput;
use crate::findings::evidence::{is_lossy, reasons_of};
use crate::findings::rule::{About, Conclusion, Judge, Rule, says};
use crate::model::{Incomplete, IncompleteFigure, Severity};
use crate::wording::incomplete_figures;

pub(in crate::findings) const RULE: Rule = Rule {
    about: About {
        title: "Figures are not known exactly",
        severities: &[Severity::Info],
        means: "Not all of these figures could be told from the capture: the snapshot length \
             cut frames, frames are missing, or a flow reached a bound, such as 65,536 \
             exchanges that are kept. A count among them is null in run.json, and \
             `incomplete` there says what it is at least. An expectation of such a figure \
             holds only where what it is at least is enough.",
        look_at: "`incomplete` in run.json; `incomplete` of the flows in flows.jsonl.",
        to_do: "Where frames were cut, raise --snaplen. Where frames were lost, raise --buffer.",
        filter: Some("frame.cap_len < frame.len || tcp.analysis.lost_segment"),
        evidence: &[
            ("figures", "the paths of the figures"),
            (
                "reasons",
                "in how many flows they could not be told, by reason",
            ),
        ],
    },
    judge: Judge::Once(judge),
};

fn judge(input: &FindingsInput<'_>) -> Option<Conclusion> {
    let incomplete = &input.run.incomplete;
    // What was lost is told as that.
    if incomplete.is_empty() || is_lossy(input) {
        return None;
    }
    let mut all = IncompleteFigure {
        at_least: None,
        flows: BTreeMap::new(),
    };
    // The figures have their flows in common: those of the greatest stand for all.
    for (reason, flows) in incomplete.values().flat_map(|f| &f.flows) {
        let most = all.flows.entry(reason.clone()).or_default();
        *most = (*most).max(*flows);
    }
    let names: Vec<&str> = incomplete.keys().map(String::as_str).collect();
    let cut = |reason: &Incomplete| all.flows.contains_key(reason.name());
    let snaplen_cut = [
        Incomplete::AnswerCut,
        Incomplete::MoreAnswersCut,
        Incomplete::MoreRequestsCut,
        Incomplete::FirstBytesCut,
    ];
    let snaplen = input.run.capture.as_ref().map(|c| u64::from(c.snaplen));
    let snaplen = snaplen.filter(|_| snaplen_cut.iter().any(cut));
    let mut sentences = vec![incomplete_figures::unknown(names.clone())];
    let reasons = reasons_of(&all);
    if !reasons.is_empty() {
        sentences.push(incomplete_figures::because(reasons, snaplen));
    }
    Some(says(sentences).with("figures", names).with(
        "reasons",
        serde_json::to_value(&all.flows).unwrap_or_default(),
    ))
}
