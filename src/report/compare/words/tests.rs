use super::{en, id};
use crate::lang::complete;

#[test]
fn every_language_says_everything() {
    let short = ["handshake_p50", "handshake_p99"];
    let same = [&short[..], &["server_of", "of_server"]].concat();
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &same);
}
