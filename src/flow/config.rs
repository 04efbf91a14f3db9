//! What a table may hold, and what it has seen.

/// How a [`FlowTable`](super::FlowTable) works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowConfig {
    /// The most flows that are held at a time, closed ones included; 0 is
    /// taken for one. Past it the one idle the longest is handed on as it
    /// stands, and counted in [`FlowCounts::evicted`]; should it go on, it
    /// counts as a new flow.
    pub max_flows: usize,
    /// How many closed flows are held, so that frames that come late are still
    /// told as theirs. Past it the one idle the longest is handed on.
    pub max_closed_flows: usize,
    /// The only port on which TIME is recognised; `None`: any, by what is said.
    pub time_port: Option<u16>,
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self {
            max_flows: 262_144,
            max_closed_flows: 1024,
            time_port: None,
        }
    }
}

impl FlowConfig {
    /// For a run whose server listens on this port: every flow counts, and they
    /// are bounded by the run's requests.
    #[must_use]
    pub fn of_a_run(port: u16) -> Self {
        Self {
            time_port: Some(port),
            max_flows: usize::MAX,
            ..Self::default()
        }
    }
}

/// What a table has seen so far; cheap to read after each segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowCounts {
    /// Segments taken.
    pub segments: u64,
    /// Flows seen.
    pub seen: u64,
    /// Of these, flows with a SYN (without ACK).
    pub with_syn: u64,
    /// Of those with a SYN, flows that are closed.
    pub with_syn_closed: u64,
    /// Of all, flows that are closed: both FINs acknowledged, or a RST.
    pub closed: u64,
    /// Flows handed on while open because there were too many.
    pub evicted: u64,
}

impl FlowCounts {
    /// Flows that were seen and are not closed.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.seen - self.closed
    }
}
