//! Programs that know nothing of threadtap, traced: what the record says of
//! them is held against what they say of themselves.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with other test programs"
)]
mod common;

mod alone;
mod both;
mod company;
mod daemons;
mod ends;
mod environment;
mod errors;
mod exchanges;
mod existing;
mod fallback;
mod findings;
mod groups;
mod inference;
mod kernel;
mod lab_programs;
mod logs;
mod numbers;
mod own;
mod pairs;
mod program;
mod random;
mod refusals;
mod seen;
mod sides;
mod stage;
mod starts;
mod students;
mod sums;
mod terminal;
mod trees;
mod unseen;
mod users;
mod watch;
mod without_capture;
