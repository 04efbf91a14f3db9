//! Trees of processes and threads that are grown at random, from fixed seeds:
//! they fork, clone, execute, connect, stop and are killed in orders that
//! nobody thought of.

use super::common::need::Need::{Capture, Tool};
use super::seen::Reads;
use super::stage::Stage;
use crate::require;

#[track_caller]
fn trees(seeds: std::ops::Range<u32>, steps: &str) {
    for number in seeds {
        let number = number.to_string();
        let seen = Stage::new(&["epoll_server", "{port}"])
            .run(&["random_tree", "{port}", &number, steps])
            .exits(0);
        seen.client_agrees();
        seen.server_agrees(Reads::Seen);
    }
}

#[test]
fn small_trees() {
    require!(Capture, Tool("cc"));
    trees(1..13, "12");
}

#[test]
fn a_great_tree() {
    require!(Capture, Tool("cc"));
    trees(1013..1015, "50");
}
