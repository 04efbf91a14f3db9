//! What threadtap concluded, with the figures behind it.

use serde_json::{Map, Value};

use super::Explain;
use super::page::{Page, foreign};
use super::words::Say;
use crate::model::{Finding, Severity};
use crate::report::shown::figure_of;
use crate::wording;

/// A list of them.
pub(super) fn list(say: Say, findings: &[Finding], explain: &Explain<'_>, page: &mut Page) {
    let items = findings.iter().map(|finding| item(say, finding, explain));
    let items: Vec<String> = items.collect();
    page.list(&items);
}

/// A finding of an earlier version has an English message only. In another language its
/// meaning stands instead, and what is particular about this one is in its evidence.
fn item(say: Say, finding: &Finding, explain: &Explain<'_>) -> String {
    let severity = match finding.severity {
        Severity::Error => say.severity_error(),
        Severity::Warning => say.severity_warning(),
        Severity::Info => say.severity_info(),
    };
    let code = foreign(&finding.code);
    let message = sentence(&wording::message(finding, say.lang));
    let text = match explain(&finding.code, say.lang) {
        None => say.finding_unexplained(&severity, &code, &message),
        Some(meaning) => {
            let title = foreign(&meaning.title);
            if wording::is_told(finding, say.lang) {
                say.finding(&severity, &title, &code, &message)
            } else {
                say.finding_in_general(&severity, &title, &code, &sentence(&meaning.means))
            }
        }
    };
    // What stands in the message in words of this language does so here in English.
    let mut figures = finding.evidence.clone();
    if finding.code == "no_connection" {
        figures.remove("seen");
    }
    match evidence(&figures) {
        None => text,
        Some(figures) => format!("{text} {}", say.evidence(&figures)),
    }
}

/// The message, whole: it says what to do.
fn sentence(message: &str) -> String {
    crate::text::escape::markdown(message)
}

fn evidence(evidence: &Map<String, Value>) -> Option<String> {
    let parts = evidence.iter().filter(|(_, value)| !value.is_null());
    let parts: Vec<String> = parts
        .map(|(name, value)| format!("{} = {}", foreign(name), foreign(&figure_of(value))))
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn evidence_is_told_without_the_signs_of_json() {
        let of = |value: Value| evidence(value.as_object().unwrap());
        let told = of(json!({"runs": ["a-1", "b 2"], "peak": 3, "why": {"x": 1, "y": 2}}));
        assert_eq!(told.unwrap(), "peak = 3; runs = a-1, b 2; why = x: 1, y: 2");
        assert_eq!(of(json!({"unknown": null})), None);
        assert_eq!(
            of(json!({"reasons": {}, "all": []})).unwrap(),
            "all = —; reasons = —"
        );
        assert_eq!(of(json!({"bad": ["*a*"]})).unwrap(), "bad = \\*a\\*");
    }
}
