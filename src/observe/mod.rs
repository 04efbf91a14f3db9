//! Who watches a side of a run, a folder a backend: what they see becomes facts,
//! and nothing is concluded here.

pub mod ptrace;
pub mod sampled;
