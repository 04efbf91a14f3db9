//! The words of the project as types.
//!
//! Everything the other rooms hand to each other is defined here and nowhere
//! else: times, identities, segments, flows, workers, counts and the record of
//! a run. The names of serialised fields are the contract with other programs
//! (`run.json`, `flows.jsonl`, `workers.jsonl`): additions are fine, renames
//! are not. Nothing in this room asks a clock or touches the system.
//!
//! ```
//! use threadtap::model::{RunRecord, SCHEMA_RUN};
//!
//! let text = std::fs::read_to_string("captures/golden-runs/thread/run.json")?;
//! let run: RunRecord = serde_json::from_str(&text)?;
//! assert_eq!(run.schema, SCHEMA_RUN);
//! assert_eq!(run.requests.valid, run.requests.submitted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod capture_file;
mod ceiling;
mod census;
mod compare;
mod environment;
mod exchanges;
mod exit;
mod finding;
mod flow;
mod flow_choice;
mod flow_record;
mod frame;
mod ids;
mod incomplete;
mod last_word;
mod limit;
pub(crate) mod named;
pub mod observation;
mod owner;
mod packed;
mod program;
mod quantiles;
mod rate;
mod run;
mod said;
mod segment;
mod tallies;
mod time;
mod worker;

#[cfg(test)]
mod tests;

pub use capture_file::CaptureFile;
pub use ceiling::{
    Binding, CeilingKind, CeilingRecord, KindCeiling, Limit, SCHEMA_CEILING, Scope, StoppedBy,
};
pub use census::{Counts, Provenance, SideCensus, SystemCensus, SystemCounts, TimelinePoint};
pub(crate) use compare::ComparisonCode;
pub use compare::{
    CompareRecord, CompareRow, ComparedPlan, Difference, GrowthRow, PeakRanges, Range,
    SCHEMA_COMPARE, Spread, TOO_FEW_REPEATS,
};
pub use environment::{Environment, Tool};
pub use exchanges::Exchanges;
pub use exit::Exit;
pub(crate) use exit::signal_name;
pub use finding::{Finding, Severity};
pub use flow::{Close, ConnState, Exchange, Handshake, TimeOfDay};
pub use flow_choice::{FlowChoice, FlowsKept};
pub(crate) use flow_record::Shapes;
pub use flow_record::{FlowLine, FlowRecord, FlowShape};
pub use frame::{Frame, LinkType};
pub use ids::{Endpoint, FlowId, Pid, Tid, WorkerId};
pub(crate) use incomplete::Hides;
pub use incomplete::{Incomplete, IncompleteFigure};
pub use limit::LimitName;
pub use observation::{Change, Event, Sample, SocketId};
pub use owner::{ClientOwner, ServerOwner};
pub(crate) use packed::make_room;
pub use packed::{Pack, Packed};
pub use program::{Evidence, Helper, Inferred, Program, Programs};
pub use quantiles::{Durations, Quantiles};
pub use rate::{OpenLoop, Rate};
pub use run::{
    CaptureSummary, Correlation, Latencies, Observer, Plan, Requests, RunCensus, RunRecord,
    SCHEMA_RUN, ServerKind, ServerModel, SideCost, SideCosts, StopReason, Strategy,
};
pub use said::{Argument, Phrase};
pub use segment::{Segment, SeqNum, TcpFlags};
pub use tallies::{Connections, RunExchanges};
pub use time::{Nanos, Timestamp};
pub use worker::{Outcome, Side, ToldConnection, WorkerRecord};
