use super::*;

fn told(sentence: &str) -> String {
    Say::new(Lang::Id).kept(sentence).into_owned()
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
    assert_eq!(Say::new(Lang::En).kept("no answer"), "no answer");
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
        assert!(!english.is_empty() && english != other, "{english}");
        assert_eq!(gaps(english), gaps(other), "{english}");
        let found = pairs
            .iter()
            .find(|(form, _)| matched(form, english).is_some());
        assert_eq!(found.unwrap().0, *english, "it is hidden");
    }
}
