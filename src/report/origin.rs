//! Where a record is from.

use crate::model::{Environment, Tool};
use crate::text::units::counted;

/// The line under a title: when, on what, and by which version.
pub(super) fn when_and_where(started: &str, environment: &Environment, tool: &Tool) -> String {
    format!(
        "{started} · {}, {} · {} {}",
        environment.kernel,
        counted(environment.cpus, "CPU", "CPUs"),
        tool.name,
        tool.version,
    )
}
