//! The record that `threadtap doctor --format json` prints.

use serde::Serialize;

use crate::model::{Environment, Tool};

/// The name and version of the record's layout.
pub const SCHEMA_DOCTOR: &str = "threadtap.doctor/1";

/// Something that threadtap does, and whether it can do it here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// What: capture, count, trace, isolate or ebpf.
    pub name: &'static str,
    /// Whether it works here.
    pub works: bool,
    /// Whether `threadtap run` is less than whole without it. Capturing is not needed
    /// here where a run can have a network of its own, in which it may.
    pub needed: bool,
    /// What was found.
    pub found: String,
    /// What to do about it; `null` where nothing has to be done, or nothing is known that
    /// helps.
    pub remedy: Option<String>,
}

/// What works on a system: `threadtap doctor --format json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoctorRecord {
    /// The layout's name and version.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA_DOCTOR)))]
    pub schema: &'static str,
    /// Who wrote it.
    pub tool: Tool,
    /// Whether all that `threadtap run` needs is there.
    pub ready: bool,
    /// Whether it was asked as root.
    pub root: bool,
    /// The distribution; `null` where it does not say.
    pub system: Option<String>,
    /// The processor's architecture.
    pub architecture: String,
    /// libpcap's own words; `null` where it has none.
    pub libpcap: Option<String>,
    /// tshark's own words; `null` where it is not installed.
    pub tshark: Option<String>,
    /// The kernel, the machine and its limits.
    pub environment: Environment,
    /// The interfaces that libpcap lists.
    pub interfaces: Vec<String>,
    /// What threadtap does, and whether it can here.
    pub checks: Vec<Check>,
}
