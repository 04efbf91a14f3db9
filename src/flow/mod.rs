//! From TCP segments to flow records.
//!
//! In come [`Segment`](crate::model::Segment)s in the order of the capture;
//! out go [`FlowRecord`](crate::model::FlowRecord)s, one a connection, with
//! what the wire shows of it: who opened it, how long the handshake and each
//! answer took, what was sent again, how it ended. Pure: all times come with
//! the segments, so a file gives the same records as the live run did.
//!
//! Memory is bounded whatever comes in: the number of flows, the ranges of a stream,
//! the bytes that wait for a hole to be filled, the letters of its history, its
//! exchanges. A flow in which a bound was reached, or of which not all was captured,
//! says so ([`Incomplete`](crate::model::Incomplete)).
//!
//! | file | what it knows |
//! | --- | --- |
//! | `table` | the two halves below, as one |
//! | `config` | what a table may hold, and what it has seen |
//! | `index` | which flow a segment belongs to, and when a record is due |
//! | `key`, `flow_slab`, `life` | how a flow is found, its place, how far it has come |
//! | `flows` | the flows at work |
//! | `steps` | what the index tells the flows, on its way to another thread |
//! | `pieces` | memory for both |
//! | `part` | what a flow takes of a segment |
//! | `quiet` | a flow that has said nothing yet |
//! | `live` | one flow, put together from the rest |
//! | `handshake` | the opening |
//! | `zeek`, `endpoint`, `history` | Zeek's `conn_state` and `history` |
//! | `analysis` | tshark's `tcp.analysis` |
//! | `ranges` | distinct stream bytes |
//! | `exchange`, `turns`, `inbound`, `time_protocol` | requests and answers |
//! | `reasons` | why something could not be told |
//! | `budget` | what all flows together may hold |
//!
//! A flow begins with its first segment; a SYN with another initial sequence
//! number on the same two endpoints begins a new one, as for tshark's
//! `tcp.stream`. Its client is the sender of the first SYN; seen without one,
//! the receiver of a SYN-ACK; else the sender of the first frame.

mod analysis;
#[cfg(test)]
mod analysis_tests;
mod budget;
mod config;
mod endpoint;
mod exchange;
#[cfg(test)]
mod exchange_tests;
mod flow_slab;
mod flows;
mod handshake;
mod history;
mod inbound;
#[cfg(test)]
mod incomplete_tests;
mod index;
mod key;
mod life;
mod live;
mod pair;
mod part;
mod pieces;
mod printable;
#[cfg(test)]
mod properties;
mod quiet;
#[cfg(test)]
mod quiet_tests;
mod ranges;
mod reasons;
mod steps;
mod table;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;
mod time_protocol;
mod turns;
mod zeek;

pub use config::{FlowConfig, FlowCounts};
pub(crate) use flows::Flows;
pub(crate) use index::FlowIndex;
pub(crate) use steps::Steps;
pub use table::FlowTable;
