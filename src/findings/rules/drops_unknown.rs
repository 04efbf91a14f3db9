//! `drops_unknown`: nobody counted what the capture lost.

use super::capture_lossy;
use crate::findings::FindingsInput;
use crate::model::{Finding, Severity};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.run.capture.as_ref()?;
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    // Known losses are worse, and name the unknown ones too.
    if capture_lossy::rule(input).is_some() {
        return None;
    }
    let whose = match (kernel, interface) {
        (Some(_), Some(_)) => return None,
        (None, None) => "by the kernel or the interface",
        (None, Some(_)) => "by the kernel",
        (Some(_), None) => "by the interface",
    };
    let message = format!(
        "How many frames were dropped {whose} is not known, so the capture may be incomplete: \
         compare its counts with those of the workers."
    );
    Some(
        Finding::new("drops_unknown", Severity::Warning, message)
            .with("dropped_by_kernel", kernel)
            .with("dropped_by_interface", interface),
    )
}
