//! Both observers at once, as a check of each: a program is traced with ptrace(2) and
//! watched from the kernel, and what they tell is held against each other.
//!
//! The record of the run is made of what ptrace(2) tells: it is the older one, and can stop
//! what it asks about. What differs is a trouble of the run ([`compare`]).

mod compare;
mod observer;
mod words;

pub use observer::Both;
