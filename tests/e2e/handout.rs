//! `report.md`: the report that is handed in.

use std::fs;
use std::path::Path;

use super::common::need::Need::Capture;
use super::common::{Lab, Ran};
use crate::require;

const GOLDEN: [&str; 7] = [
    "async",
    "interrupted",
    "pool-no-join",
    "process",
    "python",
    "refused",
    "thread",
];

fn report(lab: &Lab, arguments: &[&str]) -> Ran {
    let mut command = lab.threadtap(&[]);
    command.current_dir(lab.path());
    for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(variable);
    }
    lab.finish(command.arg("report").args(arguments))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

/// Markdown of which every table has as many cells in each row.
#[track_caller]
fn tables_are_even(text: &str) {
    let mut expected = None;
    let mut tables = 0;
    for line in text.lines() {
        let cells = line
            .replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count();
        if !line.starts_with('|') {
            expected = None;
            continue;
        }
        tables += usize::from(expected.is_none());
        assert_eq!(cells, *expected.get_or_insert(cells), "{line}");
    }
    assert!(tables > 3, "{text}");
}

/// The whole text, in both languages: look at the difference when it changes.
#[test]
fn golden_runs_are_told() {
    for run in GOLDEN {
        for lang in ["en", "id"] {
            let lab = Lab::new();
            let folder = lab.golden_run(run);
            let folder = folder.to_str().unwrap();
            let whole = i32::from(run == "interrupted");
            report(
                &lab,
                &[folder, "--only", "md", "--lang", lang, "--rows", "3"],
            )
            .exits(whole);
            let text = read(&Path::new(folder).join("report.md"));
            tables_are_even(&text);
            insta::assert_snapshot!(format!("{run}_{lang}"), text);
        }
    }
}

/// The class's assignment, from an empty folder, with three runs and one report.
#[test]
fn the_assignment_is_handed_in_without_an_edit() {
    require!(Capture);
    let lab = Lab::new();
    for strategy in ["thread", "pool", "process"] {
        let mut run = lab.threadtap(&[]);
        run.args(["run", "-n", "40", "--port", "0", "--strategy", strategy]);
        lab.finish(run.current_dir(lab.path()).args(["--out", strategy]))
            .exits(0);
    }
    let ran = report(&lab, &["thread", "pool", "process", "--lang", "id"]).exits(0);
    assert_eq!(ran.stderr, "");
    assert!(ran.stdout.ends_with("\nreport.md\n"), "{}", ran.stdout);
    let text = read(&lab.path().join("report.md"));
    tables_are_even(&text);
    for sentence in [
        "# Laporan praktikum",
        "40 thread klien membuat 40 koneksi, masing-masing 1.",
        "40 proses klien membuat 40 koneksi, masing-masing 1.",
        "Seluruh 40 request mendapat jawaban yang sah.",
        "klien → server | SYN | meminta koneksi",
        "## 7. Perbandingan metode",
        "## 8. Kesimpulan",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    // Made again it is replaced; of one folder it is in that.
    report(&lab, &["thread", "pool", "process", "--only", "md"]).exits(0);
    assert!(read(&lab.path().join("report.md")).starts_with("# Lab report"));
    report(&lab, &["thread", "--only", "md"]).exits(0);
    assert!(lab.path().join("thread/report.md").is_file());
    // A run that replaces the one of the folder does not leave its report there.
    let mut run = lab.threadtap(&[]);
    run.args([
        "run", "-n", "3", "--port", "0", "--out", "thread", "--force",
    ]);
    lab.finish(run.current_dir(lab.path())).exits(0);
    assert!(!lab.path().join("thread/report.md").exists());
}

/// A comparison alone describes each method by one of its runs, as a report of runs does.
#[test]
fn a_comparison_alone_describes_its_methods() {
    require!(Capture);
    let lab = Lab::new();
    let mut compare = lab.threadtap(&[]);
    compare.args(["compare", "-s", "thread,pool", "-w", "2", "-n", "12"]);
    compare.args(["--repeat", "3", "--warmup", "0", "--out", "cmp"]);
    lab.finish(compare.current_dir(lab.path())).exits(0);
    report(&lab, &["cmp", "--only", "md"]).exits(0);
    let file = lab.path().join("cmp/report.md");
    let text = read(&file);
    tables_are_even(&text);
    for sentence in [
        "Of the 3 runs of the method thread in the comparison, it is the one with the median duration.",
        "12 threads of the client made 12 connections, 1 each.",
        "Of the 3 runs of the method pool in the comparison, it is the one with the median duration.",
        "Besides its first thread, the client created 2 threads.",
        "Each method was run 3 times, in turn.",
        "## 6. Comparison cmp",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    // The run that is described is the one of which the comparison has the counts.
    let record = read(&lab.path().join("cmp/compare.json"));
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    for row in record["rows"].as_array().unwrap() {
        let folder = format!("cmp/{}-", row["name"].as_str().unwrap());
        let heading = text
            .lines()
            .find(|l| l.starts_with("## ") && l.contains(&folder));
        let folder = heading.unwrap().split([' ', ':']).nth(2).unwrap();
        let run = read(&lab.path().join(folder).join("run.json"));
        let run: serde_json::Value = serde_json::from_str(&run).unwrap();
        for side in ["client", "server"] {
            let peak = |of: &serde_json::Value| of["census"][side]["threads"]["peak"].clone();
            assert_eq!(peak(&run), peak(row), "{folder}");
        }
    }
    // With a run the methods are described by runs that were given.
    report(&lab, &["cmp", "cmp/pool-1", "--only", "md"]).exits(0);
    let text = read(&lab.path().join("report.md"));
    assert!(!text.contains("of the method"), "{text}");
    // What is gone is told, and the rest is a report all the same.
    for run in ["pool-1", "pool-2", "pool-3"] {
        fs::remove_dir_all(lab.path().join("cmp").join(run)).unwrap();
    }
    let ran = report(&lab, &["cmp", "--only", "md"]).exits(0);
    assert!(
        ran.stderr.contains("no run describes pool"),
        "{}",
        ran.stderr
    );
    let text = read(&file);
    assert!(
        text.contains("No run is described above for 1 other method;"),
        "{text}"
    );
    assert!(text.contains("of the method thread"), "{text}");
}

/// What a person has written is not lost.
#[test]
fn a_report_with_a_persons_words_is_kept() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let name = folder.to_str().unwrap();
    let file = folder.join("report.md");
    report(&lab, &[name, "--only", "md"]).exits(0);
    let mine = read(&file).replace("## 1. Task", "## 1. My task");
    fs::write(&file, &mine).unwrap();
    let ran = report(&lab, &[name]).exits(1);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert_eq!(read(&file), mine);
    // The other files are made all the same.
    assert!(folder.join("report.html").is_file());
    report(&lab, &[name, "--only", "md", "--force"]).exits(0);
    assert!(read(&file).contains("## 1. Task"));
    let other = lab.path().join("notes.md");
    fs::write(&other, "mine").unwrap();
    let out = other.to_str().unwrap();
    report(&lab, &[name, "--only", "md", "--out", out]).exits(1);
    assert_eq!(read(&other), "mine");
    std::os::unix::fs::symlink(&other, lab.path().join("link.md")).unwrap();
    report(&lab, &[name, "--only", "md", "--force", "-o", "link.md"]).exits(1);
    assert_eq!(read(&other), "mine");
}

#[test]
fn the_locale_says_which_language() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let english = "# Lab report";
    let indonesian = "# Laporan praktikum";
    for (variables, arguments, title) in [
        (&[("LANG", "id_ID.UTF-8")][..], &[][..], indonesian),
        (&[("LANG", "C.UTF-8")], &[], english),
        (&[("LC_ALL", "C"), ("LANG", "id_ID")], &[], english),
        (&[("LC_MESSAGES", "id_ID"), ("LANG", "C")], &[], indonesian),
        (&[("LANG", "id_ID")], &["--lang", "en"], english),
        (&[], &["--lang", "id"], indonesian),
        (&[], &[], english),
    ] {
        let mut command = lab.threadtap(&[]);
        for variable in ["LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(variable);
        }
        command
            .envs(variables.iter().copied())
            .arg("report")
            .arg(&folder);
        lab.finish(command.args(["--only", "md"]).args(arguments))
            .exits(0);
        let text = read(&folder.join("report.md"));
        assert!(text.starts_with(title), "{variables:?}: {text}");
    }
    let ran = report(&lab, &[folder.to_str().unwrap(), "--lang", "xx"]).exits(2);
    assert!(ran.stderr.contains("en, id"), "{}", ran.stderr);
}

/// A search that is saved is a part of a report, is shown again, and is nobody else's.
#[test]
fn a_ceiling_is_saved_shown_and_reported() {
    let lab = Lab::new();
    let ceiling = |arguments: &[&str]| {
        let mut command = lab.threadtap(&[]);
        command.args(["ceiling", "--kind", "thread", "--max", "20"]);
        lab.finish(command.current_dir(lab.path()).args(arguments))
    };
    let ran = ceiling(&["--out", "max"]).exits(0);
    assert!(ran.stderr.ends_with("saved in max\n"), "{}", ran.stderr);
    let mut show = lab.threadtap(&[]);
    show.args(["show", "max"]);
    let shown = lab.finish(show.current_dir(lab.path())).exits(0);
    assert_eq!(shown.stdout, ran.stdout);
    let ran = ceiling(&["--out", "max"]).exits(2);
    assert!(ran.stderr.contains("not empty"), "{}", ran.stderr);
    ceiling(&["--out", "max", "--force"]).exits(0);
    let run = lab.golden_run("thread");
    report(&lab, &[run.to_str().unwrap(), "max", "--only", "md"]).exits(0);
    let text = read(&lab.path().join("report.md"));
    tables_are_even(&text);
    for sentence in [
        "20 existed at the same time. The search was asked to end at that number; more may be possible.",
        "In this environment, 20 threads of one process existed at the same time in the search. The search was asked to end at that number; more may be possible.",
    ] {
        assert!(text.contains(sentence), "{sentence} is not in\n{text}");
    }
    assert!(!text.contains("No search for the maximum"), "{text}");
}

/// Paths, answers and errors are another's words: nothing of them acts.
#[test]
fn foreign_words_do_not_act() {
    let lab = Lab::new();
    let from = lab.golden_run("thread");
    let folder = lab.path().join("a|b_*c*\u{1b}[31m<i>");
    fs::rename(&from, &folder).unwrap();
    report(&lab, &[folder.to_str().unwrap(), "--only", "md"]).exits(0);
    let text = read(&folder.join("report.md"));
    assert!(!text.contains('\u{1b}') && !text.contains("<i>"), "{text}");
    tables_are_even(&text);
}

/// Whatever it is called, a folder is one run.
#[test]
fn a_folder_that_is_named_twice_is_one_run() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    let again = folder.join("..").join(folder.file_name().unwrap());
    let folders = [&folder, &again].map(|f| f.to_str().unwrap().to_owned());
    report(&lab, &[&folders[0], &folders[1], "--only", "md"]).exits(0);
    let text = read(&folder.join("report.md"));
    assert_eq!(text.matches("### ").count(), {
        let alone = Lab::new();
        let folder = alone.golden_run("thread");
        report(&alone, &[folder.to_str().unwrap(), "--only", "md"]).exits(0);
        read(&folder.join("report.md")).matches("### ").count()
    });
}

/// What is concluded of a run is told in the language of the reader. A record of an
/// earlier version has English only; what a stranger wrote into one does no harm.
#[test]
fn findings_are_told_in_the_language_of_the_reader() {
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    // Where the log is there, conclusions are drawn again.
    fs::remove_file(folder.join("observation.jsonl")).unwrap();
    let name = folder.to_str().unwrap();
    let made = |said: Option<serde_json::Value>| {
        let file = folder.join("run.json");
        let mut record: serde_json::Value = serde_json::from_str(&read(&file)).unwrap();
        match said {
            Some(said) => record["findings"][0]["said"] = said,
            None => drop(
                record["findings"][0]
                    .as_object_mut()
                    .unwrap()
                    .remove("said"),
            ),
        }
        fs::write(&file, record.to_string()).unwrap();
        report(&lab, &[name, "--lang", "id", "--only", "md,html"]).exits(0);
        ["report.md", "report.html"].map(|file| read(&folder.join(file)))
    };
    let english = "threads existed at once, its first one included";
    report(&lab, &[name, "--lang", "id", "--only", "md,html"]).exits(0);
    for file in ["report.md", "report.html"] {
        let text = read(&folder.join(file));
        let told = "Paling banyak 20 dari 21 thread klien ada pada saat yang sama";
        assert!(text.contains(told), "{text}");
        assert!(!text.contains(english), "{text}");
    }
    let [md, html] = made(None);
    assert!(md.contains("Penjelasan umum: "), "{md}");
    assert!(html.contains(english), "{html}");
    let deep = (0..60).fold(serde_json::json!("x"), |inner, _| {
        serde_json::json!([inner])
    });
    for said in [
        serde_json::json!({"of": "a later version"}),
        serde_json::json!([{"key": "of_a.later_version"}]),
        serde_json::json!([{"key": "peak_below_requests.at_most", "args": {"peak": deep}}]),
        serde_json::json!([{"key": "ending.error", "args": {"text": "x".repeat(100_000)}}]),
    ] {
        let [md, html] = made(Some(said));
        assert!(md.contains("Penjelasan umum: "), "{md}");
        assert!(html.contains(english), "{html}");
    }
    let hostile = "a\u{1b}[2J</script> | *b*";
    let [md, html] = made(Some(
        serde_json::json!([{"key": "ending.error", "args": {"text": hostile}}]),
    ));
    assert!(!md.contains('\u{1b}') && !html.contains('\u{1b}'));
    assert!(md.contains(r"a\\u{1b}\[2J"), "{md}");
    assert!(html.contains("a\\u{1b}[2J&lt;/script&gt;"), "{html}");
    tables_are_even(&md);
}
