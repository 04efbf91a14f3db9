//! `threadtap analyze` from outside: golden captures with their expected
//! output, agreement with live runs, and files that are not as they should be.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "shared with other test programs"
)]
mod common;

mod files;
mod golden;
mod live;
mod pipes;
mod views;
