//! In which language people are written to, and that programs are not.

use std::collections::BTreeSet;

use super::common::{Lab, Ran};

/// A command with these variables of the locale, and no others.
fn spoken(lab: &Lab, locale: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    lab.finish(command.envs(locale.iter().copied()).args(arguments))
}

const INDONESIAN: [(&str, &str); 1] = [("LANG", "id_ID.UTF-8")];

/// Words that tables have in English, and that no table has in Indonesian. Those of
/// findings are held elsewhere, and names of records are the same in every language.
const ENGLISH: &[&str] = &[
    "the",
    "of",
    "and",
    "is",
    "are",
    "was",
    "with",
    "by",
    "each",
    "one",
    "more",
    "none",
    "all",
    "client",
    "threads",
    "processes",
    "connections",
    "answer",
    "answers",
    "closed",
    "open",
    "before",
    "after",
    "wire",
    "known",
    "first",
    "least",
    "capture",
    "owners",
    "cost",
    "flows",
    "frames",
    "requests",
    "limit",
    "system",
];

/// The English words of a page, up to its findings. Commands, and names with a dot, a
/// hyphen or the like (files, options, limits), are the same in every language.
fn english(page: &str) -> BTreeSet<String> {
    let tables = page.split("\nTemuan\n").next().unwrap();
    let lines = tables.lines().skip(1);
    let lines = lines.filter(|line| !line.starts_with("server: "));
    let words = lines.flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-'));
    let words = words.map(str::to_lowercase);
    words
        .filter(|word| ENGLISH.contains(&word.as_str()))
        .collect()
}

#[test]
fn a_saved_run_is_told_in_the_language_of_its_reader() {
    for run in ["thread", "python", "pool-no-join", "interrupted", "refused"] {
        let lab = Lab::new();
        let folder = lab.golden_run(run);
        let folder = folder.to_str().unwrap();
        let page = spoken(&lab, &INDONESIAN, &["show", folder]).stdout;
        for heading in [
            "Interaksi\n",
            "Cacah\n",
            "Request\n",
            "Latensi\n",
            "Pengamatan\n",
        ] {
            assert!(page.contains(&format!("\n{heading}")), "{run}: {page}");
        }
        assert_eq!(english(&page), BTreeSet::new(), "{run}: {page}");
        // What is asked for is stronger than the locale, and programs have no language.
        let asked = spoken(&lab, &INDONESIAN, &["show", folder, "--lang", "en"]).stdout;
        assert_eq!(asked, spoken(&lab, &[], &["show", folder]).stdout, "{run}");
        for format in ["json", "jsonl", "csv"] {
            let read = |lang| {
                let arguments = ["show", folder, "--format", format, "--lang", lang];
                spoken(&lab, &[], &arguments).stdout
            };
            assert_eq!(read("id"), read("en"), "{run}: {format}");
        }
        let markdown = spoken(&lab, &INDONESIAN, &["show", folder, "--format", "markdown"]);
        assert!(markdown.stdout.contains("\n## Cacah\n"), "{run}");
    }
}

#[test]
fn a_run_ends_with_what_to_do_next_in_its_language() {
    let lab = Lab::new();
    let out = lab.out();
    let out = out.to_str().unwrap();
    let arguments = [
        "run",
        "-n",
        "3",
        "--port",
        "0",
        "--no-capture",
        "--out",
        out,
    ];
    let ran = spoken(&lab, &INDONESIAN, &arguments).exits(0);
    assert_eq!(english(&ran.stdout), BTreeSet::new(), "{}", ran.stdout);
    let last: Vec<&str> = ran.stderr.lines().rev().take(2).collect();
    assert_eq!(last[1], format!("tersimpan di {out}"));
    assert!(
        last[0].starts_with(&format!("berikutnya: buka {out}/report.html, ")),
        "{}",
        last[0]
    );
    // An error is in English, so that whoever searches for it finds it.
    let refused = spoken(&lab, &INDONESIAN, &arguments).exits(2);
    assert!(
        refused.stderr.contains("is not empty") || refused.stderr.contains("--force"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stderr, spoken(&lab, &[], &arguments).stderr);
}

#[test]
fn captures_ceilings_and_the_doctor_speak_it_too() {
    let lab = Lab::new();
    let golden = |name: &str| format!("{}/captures/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    for name in [
        "async-gate.pcap",
        "refused.pcap",
        "overflow.pcap",
        "snap70.pcap",
        "links.pcapng",
    ] {
        let page = spoken(&lab, &INDONESIAN, &["analyze", &golden(name)]).stdout;
        assert!(page.contains("\nRingkasan\n"), "{page}");
        assert_eq!(english(&page), BTreeSet::new(), "{name}: {page}");
    }
    let overflow = golden("overflow.pcap");
    let ladder = spoken(&lab, &INDONESIAN, &["analyze", "--flow", "0", &overflow]).stdout;
    assert!(
        ladder.contains("\nSegmen\n") && english(&ladder).is_empty(),
        "{ladder}"
    );
    let page = spoken(&lab, &INDONESIAN, &["ceiling", "--predict"]).stdout;
    assert!(
        page.contains("\nBatas yang lebih dulu tercapai\n"),
        "{page}"
    );
    assert_eq!(english(&page), BTreeSet::new(), "{page}");
    let page = spoken(&lab, &INDONESIAN, &["doctor"]).stdout;
    assert!(
        page.contains("\nya     count    proc(5) terpasang\n"),
        "{page}"
    );
    let json = |locale: &[(&str, &str)]| {
        spoken(
            &lab,
            locale,
            &[
                "ceiling",
                "--predict",
                "--kind",
                "thread",
                "--format",
                "csv",
            ],
        )
        .stdout
        .lines()
        .next()
        .map(str::to_owned)
    };
    assert_eq!(json(&INDONESIAN), json(&[]));
}

#[test]
fn a_comparison_speaks_it_too() {
    let lab = Lab::new();
    let out = lab.out();
    let arguments = [
        "compare",
        "-n",
        "5",
        "--repeat",
        "2",
        "--warmup",
        "0",
        "-s",
        "thread,pool",
        "--no-capture",
        "--out",
        out.to_str().unwrap(),
    ];
    let ran = spoken(&lab, &INDONESIAN, &arguments).exits(0);
    for heading in [
        "Lama",
        "Thread dan proses",
        "Di jaringan",
        "Biaya",
        "Perbedaan",
    ] {
        assert!(
            ran.stdout.contains(&format!("\n{heading}\n")),
            "{}",
            ran.stdout
        );
    }
    assert_eq!(english(&ran.stdout), BTreeSet::new(), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("berikutnya: buka ") && ran.stderr.contains(", threadtap report "),
        "{}",
        ran.stderr
    );
}
