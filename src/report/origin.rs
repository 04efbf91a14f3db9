//! Where a record is from.

use super::words::Say;
use crate::model::{Environment, Tool};

/// The line under a title: when, on what, and by which version.
pub(super) fn when_and_where(
    say: Say,
    started: &str,
    environment: &Environment,
    tool: &Tool,
) -> String {
    format!(
        "{started} · {}, {} · {} {}",
        environment.kernel,
        say.cpus(environment.cpus),
        tool.name,
        tool.version,
    )
}
