//! `interrupted`: the run was ended before its time.

use super::{FindingsInput, len};
use crate::model::{Finding, Severity, StopReason};

pub(super) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.run.capture.as_ref()?;
    (capture.stop_reason == StopReason::Interrupted).then(|| {
        let message = "The run was interrupted: every figure covers only what had happened by \
                       then; run it again for the whole.";
        Finding::new("interrupted", Severity::Warning, message).with("flows", len(input.flows))
    })
}
