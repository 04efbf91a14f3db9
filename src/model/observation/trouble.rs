//! What went wrong while a run was observed: facts, without advice.

use serde::{Deserialize, Serialize};

use crate::model::{Nanos, Side};

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// A program was to be traced and could not be.
    NotTraced {
        /// Which side's.
        side: Side,
        /// The system's error.
        error: String,
        /// What would allow it, as the end of a sentence; empty where that is not known.
        remedy: String,
    },
    /// Programs in the kernel were asked for, and could not be loaded.
    KernelRefused {
        /// What was refused, why, and what would change it.
        reason: String,
    },
    /// Records of the kernel's programs were lost: what a side did is not known in full.
    RecordsLost {
        /// Which side's; where one observer watches both, whose they were is not known.
        side: Side,
        /// How many; `None` where the kernel did not tell.
        lost: Option<u64>,
    },
    /// Two observers watched a side at once, and do not tell the same
    /// (`--observe both`).
    ObserversDiffer {
        /// Which side's.
        side: Side,
        /// How many things both tell.
        agreed: u64,
        /// How many one alone tells, though both should.
        differ: u64,
        /// The first of them: who tells it, and what.
        examples: Vec<String>,
    },
    /// The clock that every moment here is told by was set, or the system slept.
    ClockSet {
        /// By how much; less than 0: back.
        by_ns: Nanos,
    },
    /// The capture ended before the run did.
    CaptureFailed {
        /// Its own words.
        error: String,
    },
    /// `capture.pcap` could not be written any more.
    CaptureNotSaved {
        /// The system's error.
        error: String,
        /// The frames that are in it.
        frames: u64,
    },
    /// A program printed more than its log may hold.
    LogCut {
        /// Which side's.
        side: Side,
        /// What it printed.
        printed_bytes: u64,
        /// What the log may hold.
        limit_bytes: u64,
    },
    /// What a program printed could not be written to its log any more.
    LogNotSaved {
        /// Which side's.
        side: Side,
        /// The system's error.
        error: String,
        /// The bytes that are in it.
        saved_bytes: u64,
    },
    /// A program could not be executed: its file is there, and the system refused it.
    NotStarted {
        /// Which side's.
        side: Side,
        /// The system's error.
        error: String,
        /// What to do about it, as the end of a sentence; empty where that is not known.
        remedy: String,
    },
    /// The server's program did not come to listen.
    NotListening {
        /// On which port it was to; `None`: on any.
        port: Option<u16>,
        /// How long it was waited for; `None`: it ended before.
        waited_ns: Option<Nanos>,
        /// A port that it listens on instead.
        instead: Option<u16>,
        /// What else has that port, and what would free it, as the middle of a
        /// sentence; `None`: nothing, or it was not looked for.
        #[serde(default)]
        held: Option<String>,
        /// The last line that it printed.
        said: Option<String>,
    },
}

impl Trouble {
    /// Whether no client can be run after it.
    #[must_use]
    pub fn ends_the_run(&self) -> bool {
        matches!(self, Self::NotStarted { .. } | Self::NotListening { .. })
    }
}
