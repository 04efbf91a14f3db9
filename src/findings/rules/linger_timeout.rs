//! `linger_timeout`: the capture did not wait for the last flows.

use crate::findings::{FindingsInput, count_of};
use crate::model::{Close, Finding, Severity, StopReason};
use crate::text::units::counted;

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.run.capture.as_ref()?;
    if capture.stop_reason != StopReason::Timeout {
        return None;
    }
    let open = count_of(input.flows.iter().filter(|f| f.close == Close::Open));
    let what = match open {
        0 => "fewer flows than expected had closed".to_owned(),
        n => format!("{} still open", counted(n, "flow was", "flows were")),
    };
    let message = format!(
        "When the linger time was over, {what}, so the capture does not show how everything \
         ends; raise --linger to wait longer."
    );
    Some(Finding::new("linger_timeout", Severity::Warning, message).with("open_flows", open))
}
