//! Conducting: what happens in which order, what is waited for, what an
//! interruption does, what is saved.
//!
//! One room an undertaking: a run, a comparison of many runs, the search for
//! the ceilings of an environment. They start processes, open the tap, attach
//! observers and put facts together; they conclude nothing.

pub mod built_in;
pub mod ceiling;
pub mod compare;
pub mod doctor;
pub mod run;
