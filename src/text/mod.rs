//! Words for people: numbers, durations and text from outside, made readable.
//!
//! A leaf that `findings` and `report` share, so that a duration reads the
//! same in a warning and in a table. Figures and strings come in; short,
//! printable strings go out. Nothing here knows what a run is.

pub mod advice;
pub mod command;
pub mod display_filter;
pub mod escape;
pub mod exceptions;
pub mod json;
pub mod screen;
pub mod units;
