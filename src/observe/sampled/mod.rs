//! Looking at proc(5) now and then: a program that is not traced, a server that
//! is left alone, and the whole system. What lives between two looks is not seen.

mod existing;
mod news;
mod program;

pub use existing::Existing;
pub use news::News;
pub use program::Sampled;

pub(in crate::observe) use program::listens;
