use super::{en, id};
use crate::lang::complete;

#[test]
fn every_language_says_everything() {
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &["root"]);
}
