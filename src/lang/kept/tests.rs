use super::*;

fn told(sentence: &str) -> String {
    Lang::Id.kept(sentence).into_owned()
}

#[test]
fn a_sentence_is_told_with_what_stands_in_it() {
    assert_eq!(told("no answer"), "tidak dijawab");
    assert_eq!(
        told("1,000 connections by 8 workers, up to 131 each"),
        "1.000 koneksi oleh 8 worker, masing-masing paling banyak 131"
    );
    // A sentence within a sentence.
    assert_eq!(
        told("3 connections by 2 workers: no single model fits"),
        "3 koneksi oleh 2 worker: tidak ada satu model yang cocok"
    );
    assert_eq!(Lang::En.kept("no answer"), "no answer");
}

/// What a peer has sent is not translated, however much it looks like a sentence of ours.
#[test]
fn foreign_bytes_are_told_as_they_are() {
    assert_eq!(
        told("answer is not JAM hh:mm:ss\\r\\n: no answer"),
        "jawaban bukan JAM hh:mm:ss\\r\\n: no answer"
    );
    let unknown = "a sentence of a later version, 1,000 times";
    assert_eq!(told(unknown), unknown);
    for odd in ["", "{", "}", "{a} and {b}", " by : "] {
        assert_eq!(told(odd), odd);
    }
}

/// Each English sentence is one that is found, and not hidden by one before it.
#[test]
fn each_sentence_is_found_and_has_its_gaps() {
    let pairs = pairs(Lang::Id).unwrap();
    assert!(pairs.len() > 40);
    let gaps = |text: &str| {
        let parts = text.split('{').skip(1);
        let mut gaps: Vec<String> = parts
            .map(|p| p.split('}').next().unwrap().to_owned())
            .collect();
        gaps.sort_unstable();
        gaps
    };
    for (english, other) in pairs {
        let sample = english.replace("{n}", "7");
        assert!(!english.is_empty() && english != other, "{english}");
        assert_eq!(gaps(english), gaps(other), "{english}");
        let found = pairs
            .iter()
            .find(|(form, _)| matched(form, &sample).is_some());
        assert_eq!(found.unwrap().0, *english, "it is hidden");
    }
}

/// The source of a file, without its tests, with texts over several lines as one.
fn source(file: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut joined = String::new();
    for piece in code.split("\\\n") {
        joined.push_str(piece.trim_start());
    }
    joined
}

/// The texts in quotes of a source, with a bar for each gap. A text that is not one
/// sentence is no sentence of a record.
fn texts(source: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for line in source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once('"') {
            let mut end = 0;
            for (at, _) in after.match_indices('"') {
                end = at;
                if !after[..at].ends_with('\\') {
                    break;
                }
            }
            texts.push(bare(
                &after[..end].replace("\\\"", "\"").replace("\\\\", "\\"),
            ));
            rest = &after[(end + 1).min(after.len())..];
        }
    }
    texts
}

/// A form with a bar for each gap.
fn bare(form: &str) -> String {
    let mut bare = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        bare.push_str(before);
        bare.push('|');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    bare + rest
}

/// Who writes sentences that records keep, and which of their texts are none.
const WRITERS: [&str; 12] = [
    "flow/time_protocol.rs",
    "flow/turns.rs",
    "flow/turns/unseen.rs",
    "model/flow.rs",
    "activity/shape.rs",
    "assemble/unseen.rs",
    "compare/differences.rs",
    "limits/task.rs",
    "limits/connection.rs",
    "limits/remedy.rs",
    "session/ceiling/tell.rs",
    "doctor/judge.rs",
];

/// A sentence that somebody writes anew needs its words in kept.id.txt.
#[test]
fn every_sentence_that_is_written_is_told() {
    let pairs = pairs(Lang::Id).unwrap();
    let forms: Vec<String> = pairs.iter().map(|(english, _)| bare(english)).collect();
    let all: String = forms.join("\n");
    let (mut found, mut missing) = (0, Vec::new());
    for file in WRITERS {
        for text in texts(&source(file)) {
            let command = ["sudo ", "echo ", "ulimit ", "JAM ", "not a time of day"];
            if command.iter().any(|begin| text.starts_with(begin)) {
                continue;
            }
            let spoken = |piece: &&str| {
                let letters = piece.trim_matches(|c: char| !c.is_alphabetic());
                letters.contains(' ')
            };
            // What stands between gaps: each piece is a part of some sentence.
            for piece in text.split('|').filter(spoken) {
                found += 1;
                if !all.contains(piece) {
                    missing.push(format!("src/{file}: {piece}"));
                }
            }
        }
    }
    assert!(found > 60, "{found}");
    let none: [String; 0] = [];
    assert_eq!(missing, none, "they have no words in src/lang/kept.id.txt");
}
