//! Who observes a side.

use serde::{Deserialize, Serialize};

use crate::model::Provenance;

/// Who observes a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ObserverName {
    /// The side itself, in its ledger.
    Ledger,
    /// ptrace(2).
    Ptrace,
    /// Programs in the kernel (bpf(2)).
    Ebpf,
    /// proc(5), looked at now and then.
    Proc,
    /// Nobody: it is only waited for.
    Nobody,
}

impl ObserverName {
    /// How the facts of this observer are obtained.
    #[must_use]
    pub const fn provenance(self) -> Option<Provenance> {
        match self {
            Self::Ledger => Some(Provenance::Instrumented),
            Self::Ptrace | Self::Ebpf => Some(Provenance::Traced),
            Self::Proc => Some(Provenance::Sampled),
            Self::Nobody => None,
        }
    }
}
