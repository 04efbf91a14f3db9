//! Where a record was made, and by which program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::LimitName;

/// Which program wrote the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// Its name: threadtap.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This program, in this version.
    #[must_use]
    pub fn this() -> Self {
        Self {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Where it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    /// The kernel's name and release.
    pub kernel: String,
    /// CPUs that the run could use.
    pub cpus: u64,
    /// Main memory of the machine or container, in bytes.
    pub memory_bytes: Option<u64>,
    /// Limits that bound threads, processes and descriptors, by their usual names;
    /// `null` is "unlimited" or "not readable here". `ip_local_port_range` is how
    /// many ports there are.
    #[cfg_attr(test, schemars(
        with = "BTreeMap<String, LimitValue>",
        extend("propertyNames" = {"enum": Environment::LIMITS})
    ))]
    pub limits: BTreeMap<String, Option<u64>>,
}

/// The limit; null: unlimited, or it could not be read.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
struct LimitValue(#[expect(dead_code)] Option<u64>);

impl Environment {
    /// The limits whose names stand in `limits`.
    pub const LIMITS: [LimitName; 8] = [
        LimitName::Nproc,
        LimitName::Nofile,
        LimitName::Stack,
        LimitName::ThreadsMax,
        LimitName::PidMax,
        LimitName::MaxMapCount,
        LimitName::Somaxconn,
        LimitName::PortRange,
    ];
}
