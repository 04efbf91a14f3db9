//! Every language says everything, and fills the same gaps.

use super::{Say, en, id};
use crate::lang::{Lang, complete};

#[test]
fn every_language_says_everything() {
    let same = ["finding", "finding_unexplained", "row_incomplete"];
    complete(&en::TEXTS.all(), &[&id::TEXTS.all()], &same);
}

#[test]
fn things_are_counted() {
    let say = Say::new(Lang::Id);
    assert_eq!(say.threads(1000), "1.000 thread");
    assert_eq!(Say::new(Lang::En).threads(1), "1 thread");
    assert_eq!(Say::new(Lang::En).threads(0), "0 threads");
}

#[test]
fn a_list_is_told_as_it_is_spoken() {
    let list = |lang, parts: &[&str]| {
        let parts: Vec<String> = parts.iter().map(|p| (*p).to_owned()).collect();
        Say::new(lang).list(&parts)
    };
    assert_eq!(list(Lang::En, &[]), "");
    assert_eq!(list(Lang::En, &["a"]), "a");
    assert_eq!(list(Lang::En, &["a", "b"]), "a and b");
    assert_eq!(list(Lang::En, &["a", "b", "c"]), "a, b and c");
    assert_eq!(list(Lang::Id, &["a", "b", "c"]), "a, b, dan c");
}
