//! `interrupted`: the run was ended before its time.
//!
//! Who conducted the run says why it ended; this rule speaks only where
//! nobody did, as for a record that is read again.

use crate::findings::{FindingsInput, len};
use crate::model::{Finding, Severity, StopReason};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.run.capture.as_ref()?;
    let told = ["interrupted", "capture_failed", "capture_not_saved"];
    let told = input.extra.iter().any(|f| told.contains(&f.code.as_str()));
    (capture.stop_reason == StopReason::Interrupted && !told)
        .then(|| finding().with("flows", len(input.flows)))
}

/// The finding itself, for who conducted the run and knows.
#[must_use]
pub fn finding() -> Finding {
    let message = "The run was interrupted: every figure covers only what had happened by \
                   then; run it again for the whole.";
    Finding::new("interrupted", Severity::Warning, message)
}
