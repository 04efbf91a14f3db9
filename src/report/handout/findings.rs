//! What threadtap concluded, with the figures behind it.

use serde_json::{Map, Value};

use super::page::{Page, foreign};
use super::words::Say;
use crate::model::{Finding, Severity};

/// A list of them.
pub(super) fn list(say: Say, findings: &[Finding], page: &mut Page) {
    let items: Vec<String> = findings.iter().map(|finding| item(say, finding)).collect();
    page.list(&items);
}

fn item(say: Say, finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => say.severity_error(),
        Severity::Warning => say.severity_warning(),
        Severity::Info => say.severity_info(),
    };
    let code = foreign(&finding.code);
    let text = say.finding(&severity, &code, &sentence(&finding.message));
    match evidence(&finding.evidence) {
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
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            format!("{} = {}", foreign(name), foreign(&value))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
