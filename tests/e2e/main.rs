//! The program from outside: real runs on the loopback, held against tshark,
//! against misbehaving servers, and against what the contract promises.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod beside;
mod blocked;
mod ceiling;
mod compare;
mod conclusions;
mod confined;
mod contract;
mod counts;
mod diagnostics;
mod disk;
mod doctor;
mod ends;
mod errors;
mod existing;
mod expect;
mod explain;
mod failures;
mod folder;
mod formats;
mod gate;
mod handout;
mod help;
mod isolate;
mod lang;
mod large;
mod models;
mod open_loop;
mod page;
mod privileges;
mod report;
mod scarcity;
mod serve;
mod serve_ends;
mod setup;
mod show;
mod strategies;
mod sudo;
mod time_limit;
mod wireshark;
