//! Every language says everything, and what comes from elsewhere does no harm.

use std::collections::{BTreeMap, BTreeSet};

use super::template::{Part, Template, gaps, parse};
use super::texts::{file, lines};
use super::*;
use crate::model::{Exit, Nanos, Side};

/// Gaps whose number only chooses a form, in one language or another.
fn forms(template: &Template, wrong: &mut Vec<usize>, of: usize) {
    for part in template {
        match part {
            Part::Forms(_, all) => {
                if all.len() != of {
                    wrong.push(all.len());
                }
                for form in all {
                    forms(form, wrong, of);
                }
            }
            Part::If(_, then, otherwise) => {
                forms(then, wrong, of);
                forms(otherwise, wrong, of);
            }
            Part::Text(_) | Part::Gap(_) | Part::Each(..) => {}
        }
    }
}

#[test]
fn every_language_says_everything_with_what_is_in_it() {
    let all = || table::ALL.iter().chain(table::RECORDED);
    let table: BTreeMap<&str, BTreeSet<&str>> = all()
        .map(|(key, gaps)| (*key, gaps.iter().copied().collect()))
        .collect();
    assert_eq!(table.len(), all().count(), "a key stands there twice");
    for lang in Lang::ALL {
        let mut there = BTreeSet::new();
        for (key, text) in lines(file(*lang)) {
            let template = parse(&text);
            let template = template.unwrap_or_else(|| panic!("{lang}.txt: {key}: {text}"));
            let wanted = table.get(key.as_str());
            assert_eq!(Some(&gaps(&template)), wanted, "{lang}.txt: {key}: {text}");
            let mut wrong = Vec::new();
            forms(&template, &mut wrong, lang.forms());
            assert!(wrong.is_empty(), "{lang}.txt: {key}: forms {wrong:?}");
            assert!(!text.contains("  "), "{lang}.txt: {key}");
            assert!(there.insert(key.clone()), "{lang}.txt: {key} twice");
        }
        let missing: Vec<&&str> = table.keys().filter(|key| !there.contains(**key)).collect();
        assert!(missing.is_empty(), "{lang}.txt does not say {missing:?}");
    }
}

/// A text that was forgotten would stand there in English.
#[test]
fn no_language_says_it_in_english() {
    let english: BTreeMap<String, String> = lines(file(Lang::En)).into_iter().collect();
    for lang in Lang::ALL.iter().filter(|lang| **lang != Lang::En) {
        for (key, text) in lines(file(*lang)) {
            let words = text.split(' ').filter(|w| !w.contains(['{', '}']));
            assert!(words.count() < 2 || english[&key] != text, "{key}");
        }
    }
}

/// What stands in a text as it is typed: options, calls, switches, errors.
fn terms(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"-._()/".contains(c));
    let words = words.map(|w| w.trim_end_matches(['.', ':', '-']));
    let words = words.map(|w| w.trim_start_matches('(').to_owned());
    let typed = |w: &String| {
        let capitals = w.len() > 3 && w.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let dotted = ["net.", "kernel.", "vm.", "pids."]
            .iter()
            .any(|p| w.starts_with(p));
        capitals
            || dotted
            || w.starts_with("--")
            || w.ends_with("(2)")
            || ["client.log", "server.log"].contains(&w.as_str())
    };
    words.filter(typed).collect()
}

#[test]
fn every_language_names_the_same_options_calls_and_files() {
    let english: BTreeMap<String, String> = lines(file(Lang::En)).into_iter().collect();
    for lang in Lang::ALL {
        for (key, text) in lines(file(*lang)) {
            assert_eq!(
                terms(&text),
                terms(&english[&key]),
                "{lang}.txt: {key}: {text}"
            );
        }
    }
}

/// As the parts of threadtap write it that see it.
#[test]
fn what_was_recorded_in_english_is_known_again() {
    for (text, indonesian) in [
        (
            "; it is not executable: chmod +x ./a b",
            "; file itu tidak dapat dieksekusi: chmod +x ./a b",
        ),
        (
            "; it is not executable: chmod +x ./a.py, or start it with its interpreter: python3 ./a.py",
            "; file itu tidak dapat dieksekusi: chmod +x ./a.py, atau jalankan dengan interpreternya: python3 ./a.py",
        ),
        (
            " by python3 (pid 12); end that program",
            " oleh python3 (pid 12); akhiri program itu",
        ),
        (
            "; end the program that listens on it",
            "; akhiri program yang mendengarkan di sana",
        ),
        (
            " by a closed connection in TIME-WAIT; wait for a minute",
            " oleh koneksi yang sudah ditutup, dalam TIME-WAIT; tunggu satu menit",
        ),
        (
            "; kernel.yama.ptrace_scope is 3: run as root, or set it to 1 or 0",
            "; kernel.yama.ptrace_scope bernilai 3: jalankan sebagai root, atau ubah menjadi 1 atau 0",
        ),
        ("; of a later version", "; of a later version"),
        ("", ""),
    ] {
        // Within a sentence: the first letter of one is a capital.
        let phrase = program_not_started::error(ending::error("x"), "", recorded(text));
        let [english, other] = said(&[phrase]);
        assert_eq!(english, format!("X could not be started: {text}."));
        assert_eq!(other, format!("X tidak dapat dijalankan: {indonesian}."));
    }
}

fn said(phrases: &[Phrase]) -> [String; 2] {
    [Lang::En, Lang::Id].map(|lang| spoken(phrases, lang).unwrap())
}

#[test]
fn figures_and_forms_are_those_of_the_language() {
    let one = left_behind::idle(1);
    assert_eq!(
        said(&[one])[0],
        "The client's first process ended and left 1 idle process; threadtap ended it."
    );
    let many = not_joined::never_attempted(1_234, 20_000);
    assert_eq!(
        said(&[many.clone(), not_joined::all_closed()]),
        [
            "1,234 of 20,000 requests were never attempted. All connections were closed by then.",
            "1.234 dari 20.000 request tidak pernah dicoba. Semua koneksi sudah ditutup saat itu."
        ]
    );
    let slow = slow_answers::slow(1, 2, Nanos::new(1_500_000_000), None, Some(1));
    let [english, indonesian] = said(&[slow]);
    assert!(
        english.contains("the slowest 1.50 s; of 1 a thread"),
        "{english}"
    );
    assert!(indonesian.contains("1,50 s; pada 1"), "{indonesian}");
    let ended = client_exit::ended(Exit::Signal(9), ending::may_say("client.log"));
    assert_eq!(
        said(&[ended]),
        [
            "The client ended with signal 9, SIGKILL; client.log may say why.",
            "Klien berakhir dengan sinyal 9, SIGKILL; penyebabnya mungkin ada di client.log."
        ]
    );
    let sides = sampled::sides(vec![Side::Client, Side::Server]);
    assert!(said(&[sides])[0].contains("of the client and the server were"));
}

#[test]
fn a_phrase_at_the_beginning_gets_a_capital_and_a_name_does_not() {
    let phrase = pool_width::orphaned(ending::listens());
    assert_eq!(
        said(&[phrase]),
        ["Somebody listens there.", "Ada yang mendengarkan di sana."]
    );
    let name = ending::error("eth0: é");
    assert_eq!(said(&[name]), ["eth0: é", "eth0: é"]);
}

#[test]
fn what_it_says_is_kept_as_json() {
    let said = vec![
        capture_lossy::lost(5, None, Some(2), 7),
        sampled::sides(vec![Side::Client]),
        server_not_listening::last_output("a\u{1b}", true),
    ];
    let finding = finding("a", Severity::Info, said);
    let json = serde_json::to_value(&finding).unwrap();
    assert_eq!(json["said"][0]["args"]["lost"], 5);
    assert!(json["said"][0]["args"].get("kernel").is_none());
    assert_eq!(serde_json::from_value::<Finding>(json).unwrap(), finding);
    assert!(
        finding
            .message
            .contains("an unknown number by the kernel, 2 by")
    );
    assert!(finding.message.ends_with(r"Its last output: a\u{1b}."));
}

/// A finding of a record that somebody else wrote.
fn read(said: &serde_json::Value) -> Finding {
    let json = serde_json::json!({
        "code": "a", "severity": "info", "message": "English.", "said": said, "evidence": {}
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn what_is_not_known_here_is_told_in_english() {
    use serde_json::json;
    let long = "x".repeat(20_000);
    let mut deep = json!({"key": "side.client"});
    for _ in 0..60 {
        deep = json!({"key": "pool_width.orphaned", "args": {"what": deep}});
    }
    for said in [
        json!(null),
        json!(7),
        json!("a"),
        json!([7]),
        json!([]),
        json!([{}]),
        json!([{"key": "of_a.later_version"}]),
        json!([{"key": "side.client"}, {"key": "of_a.later_version"}]),
        json!([{"key": "left_behind.idle"}]),
        json!([{"key": "left_behind.idle", "args": {"n": -1}}]),
        json!([{"key": "left_behind.idle", "args": {"n": {"of": "later"}}}]),
        json!([{"key": "left_behind.idle", "args": {"n": [1]}}]),
        json!([{"key": "unanswered_flows.silent", "args": {"n": 1, "numbers": "1"}}]),
        json!([{"key": "ending.error", "args": {"text": long}}]),
        json!([{"key": "ending.error", "args": {"text": true}}]),
        deep.clone(),
        json!([deep]),
    ] {
        assert_eq!(message(&read(&said), Lang::Id), "English.", "{said:.99}");
        assert!(!is_told(&read(&said), Lang::Id));
    }
    let known = json!([{"key": "ending.error", "args": {"text": "a\u{1b}[2J\nb", "more": 1}}]);
    assert_eq!(message(&read(&known), Lang::Id), r"a\u{1b}[2J\nb");
    assert_eq!(message(&read(&known), Lang::En), "English.");
}
