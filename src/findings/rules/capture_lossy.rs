//! `capture_lossy`: frames were lost, so nothing about flows is certain.

use crate::findings::FindingsInput;
use crate::model::{Finding, Severity};
use crate::text::units::{count, counted};

pub(in crate::findings) fn rule(input: &FindingsInput<'_>) -> Option<Finding> {
    let capture = input.run.capture.as_ref()?;
    let (kernel, interface) = (capture.dropped_by_kernel, capture.dropped_by_interface);
    let lost = kernel.unwrap_or(0).saturating_add(interface.unwrap_or(0));
    if lost == 0 {
        return None;
    }
    let by = |n: Option<u64>| n.map_or_else(|| "an unknown number".to_owned(), count);
    let message = format!(
        "The capture is lossy: {} dropped ({} by the kernel, {} by the interface) beside \
         {} kept, so flows, times and counts from the wire are incomplete; raise --buffer or \
         lower the load.",
        if lost == 1 {
            "1 frame was".to_owned()
        } else {
            format!("{} frames were", count(lost))
        },
        by(kernel),
        by(interface),
        counted(capture.frames, "frame", "frames"),
    );
    Some(
        Finding::new("capture_lossy", Severity::Error, message)
            .with("dropped_by_kernel", kernel)
            .with("dropped_by_interface", interface)
            .with("frames", capture.frames),
    )
}
