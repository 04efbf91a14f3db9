//! Every code has words in every language, and is found by its name.

use std::collections::BTreeSet;

use super::words::{file, sections};
use super::*;

/// A language other than English.
fn translations() -> impl Iterator<Item = Lang> {
    let all = Lang::ALL.iter().copied();
    all.filter(|lang| *lang != Lang::En)
}

#[test]
fn every_code_is_translated_whole_and_nothing_else_is() {
    for lang in translations() {
        let mut sections = sections(file(lang));
        assert!(sections.remove("page").is_some());
        let codes: BTreeSet<&str> = Topic::all().map(Topic::name).collect();
        let translated: BTreeSet<&str> = sections.keys().copied().collect();
        assert_eq!(translated, codes, "{lang}.txt");
        for topic in Topic::all() {
            let (english, words) = (topic.words(Lang::En), topic.words(lang));
            let code = topic.name();
            let section = sections.remove(code).unwrap();
            let mut keys: Vec<String> = ["title", "means", "look_at", "to_do"]
                .map(str::to_owned)
                .to_vec();
            let evidence = english.evidence.iter();
            keys.extend(evidence.map(|(name, _)| format!("evidence {name}")));
            let there: Vec<&str> = section.iter().map(|(key, _)| *key).collect();
            assert_eq!(there, keys, "[{code}] of {lang}.txt");
            for text in [&words.means, &words.look_at, &words.to_do] {
                let whole = text.ends_with(['.', '?']) && !text.contains("  ");
                assert!(whole, "[{code}] of {lang}.txt: {text}");
            }
            assert!(!words.title.ends_with('.'), "[{code}] of {lang}.txt");
            let others = [
                (&words.title, &english.title),
                (&words.means, &english.means),
                (&words.look_at, &english.look_at),
                (&words.to_do, &english.to_do),
            ];
            for (ours, theirs) in others {
                assert_ne!(ours, theirs, "[{code}] of {lang}.txt is not translated");
            }
            let cells = words.evidence.iter().map(|(_, holds)| holds);
            for cell in cells.chain([&words.title]) {
                let one_cell = !cell.is_empty() && !cell.contains(['|', '\n']);
                assert!(one_cell, "[{code}] of {lang}.txt: {cell}");
            }
        }
    }
}

/// What stands in a text as it is typed: options, files, system calls.
fn terms(text: &str) -> BTreeSet<&str> {
    let words = text.split([' ', ',', ';', '(', '`', '?']);
    let words = words.map(|word| word.trim_end_matches(['.', ':', ')']));
    words
        .filter(|w| {
            let file = w.rsplit_once('.').map(|(_, kind)| kind);
            w.starts_with("--") || w.starts_with("net.") || matches!(file, Some("log" | "jsonl"))
        })
        .collect()
}

#[test]
fn a_translation_names_the_same_options_and_files() {
    for lang in translations() {
        for topic in Topic::all() {
            let of = |words: Words| {
                let whole = [words.means, words.look_at, words.to_do].join(" ");
                let terms = terms(&whole).into_iter().map(str::to_owned);
                terms.collect::<BTreeSet<String>>()
            };
            let (ours, theirs) = (of(topic.words(lang)), of(topic.words(Lang::En)));
            assert_eq!(ours, theirs, "[{}] of {lang}.txt", topic.name());
        }
    }
}

#[test]
fn every_language_has_the_words_around_it() {
    for lang in Lang::ALL {
        assert!(PageWords::of(*lang).is_complete(), "{lang}.txt");
        for (key, _) in &sections(file(*lang))["page"] {
            let known = PageWords::default().word(key).is_some();
            assert!(known, "{lang}.txt: {key}");
        }
    }
    assert!(!PageWords::default().is_complete());
}

#[test]
fn a_long_text_goes_on_in_indented_lines() {
    let read = sections("# no\n[a]\ntitle: One\nmeans: two: three\n  four.\n\n[b]\ntitle: c\n");
    let section = |texts: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        let texts = texts.iter();
        texts.map(|(k, t)| (*k, (*t).to_owned())).collect()
    };
    assert_eq!(
        read["a"],
        section(&[("title", "One"), ("means", "two: three four.")])
    );
    assert_eq!(read["b"], section(&[("title", "c")]));
    assert_eq!(read.len(), 2);
}

#[test]
fn codes_are_found_as_people_write_them() {
    let named = |name: &str| Topic::named(name).map(Topic::name);
    for written in [
        "pool_width",
        "[pool_width]",
        "pool-width",
        "POOL_WIDTH",
        " `pool_width` ",
        "pool width",
    ] {
        assert_eq!(named(written), Some("pool_width"), "{written}");
    }
    assert_eq!(named("too_few_repeats"), Some("too_few_repeats"));
    for unknown in ["", "pool", "pool_widths", "\u{1b}[2J"] {
        assert_eq!(named(unknown), None, "{unknown:?}");
    }
}

#[test]
fn a_mistyped_code_leads_to_the_nearest() {
    let nearest = |name: &str| Topic::nearest(name).map(Topic::name);
    assert_eq!(nearest("pool_widht"), Some("pool_width"));
    assert_eq!(nearest("syn_retransmited"), Some("syn_retransmitted"));
    assert_eq!(nearest("unanswered"), Some("unanswered_flows"));
    assert_eq!(nearest("few_repeats"), Some("too_few_repeats"));
    for far in ["", "x", "what is a thread?", &"a".repeat(10_000)] {
        assert_eq!(nearest(far), None, "{far:?}");
    }
}

#[test]
fn a_filter_names_the_port() {
    for topic in Topic::all() {
        let Some(filter) = topic.display_filter(5000) else {
            continue;
        };
        assert!(!filter.contains(['{', '}', '\n']), "{filter}");
        let about = topic.about().filter.unwrap_or_default();
        assert_eq!(filter.contains("5000"), about.contains("{port}"));
    }
}

#[test]
fn names_are_unique() {
    let names: BTreeSet<&str> = Topic::all().map(Topic::name).collect();
    assert_eq!(names.len(), Topic::all().count());
}
