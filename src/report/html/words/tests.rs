//! Every language says everything.

use super::{en, id};
use crate::lang::complete;

#[test]
fn every_language_says_everything() {
    let same = [
        "server",
        "handshake_p50",
        "handshake_p99",
        "kernel",
        "quantiles",
    ];
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &same);
}
