//! Every language says everything, and fills the same gaps.

use super::{Say, en, fill, id};
use crate::lang::Lang;

/// The gaps of a text, each once.
fn gaps(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    let mut gaps: Vec<&str> = parts.map(|part| part.split_once('}').unwrap().0).collect();
    gaps.sort_unstable();
    gaps.dedup();
    gaps
}

#[test]
fn every_text_has_its_gaps_in_every_language() {
    for texts in [&en::TEXTS, &id::TEXTS] {
        for (name, text, mut wanted) in texts.all() {
            wanted.sort_unstable();
            assert_eq!(gaps(text), wanted, "{name}: {text}");
            assert!(!text.is_empty() && !text.contains('\n'), "{name}");
            // A pipe would end a cell.
            assert!(!text.contains('|'), "{name}");
        }
        assert!(texts.nouns().iter().flatten().all(|noun| !noun.is_empty()));
    }
}

/// A sentence that was forgotten would stand there in English.
#[test]
fn indonesian_is_not_english() {
    let long = |text: &str| text.split(' ').count() > 3;
    for ((name, english, _), (_, indonesian, _)) in en::TEXTS.all().into_iter().zip(id::TEXTS.all())
    {
        assert!(
            !long(english) || english != indonesian || name == "finding",
            "{name}"
        );
    }
}

#[test]
fn gaps_are_filled_once() {
    assert_eq!(
        fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]),
        "{b} and 2"
    );
    assert_eq!(fill("no gap", &[]), "no gap");
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
