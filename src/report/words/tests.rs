//! Every language says everything, and fills the same gaps.

use super::{en, id};
use crate::lang::complete;

#[test]
fn every_language_says_everything() {
    let same = ["beside", "captured"];
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &same);
}
