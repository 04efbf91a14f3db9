//! The page of a run, in a browser.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::common::need::Need::{Capture, Tool};
use super::common::{Lab, start};
use crate::require;

const CHROMIUM: &str = "chromium";

/// Makes the page of a whole run.
fn page(lab: &Lab, folder: &Path) -> String {
    page_and(lab, folder, 0)
}

/// Makes the page of a run, and ends with this status.
fn page_and(lab: &Lab, folder: &Path, status: i32) -> String {
    page_in(lab, folder, status, "en")
}

/// The same in a language.
fn page_in(lab: &Lab, folder: &Path, status: i32, lang: &str) -> String {
    let mut command = lab.threadtap(&[]);
    command
        .arg("report")
        .arg(folder)
        .args(["--only", "html", "--lang", lang]);
    let ran = lab.finish(&mut command).exits(status);
    assert!(ran.stdout.ends_with("report.html\n"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
    fs::read_to_string(folder.join("report.html")).unwrap()
}

/// What Chromium makes of a file: what it prints, and its messages.
fn browse(lab: &Lab, file: &Path, arguments: &[&str]) -> (String, String) {
    let mut command = lab.command(CHROMIUM);
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args(["--disable-crash-reporter", "--disable-dev-shm-usage"])
        .args(["--virtual-time-budget=60000", "--enable-logging=stderr"])
        .arg(format!(
            "--user-data-dir={}",
            lab.path().join("browser").display()
        ))
        .env("HOME", lab.path())
        .args(arguments)
        .arg(format!("file://{}", file.display()));
    let ran = lab.end(start(&mut command)).exits(0);
    // Its helpers end a moment later.
    lab.until_nothing_is_left();
    // What the page's console says, a violated policy among it.
    let console = ran.stderr.lines().filter(|line| line.contains("CONSOLE"));
    let console: Vec<&str> = console.collect();
    (ran.stdout, console.join("\n"))
}

/// What a person who does all that the driver does would see.
fn driven(lab: &Lab, page: &str) -> Value {
    let driver = include_str!("page_driver.js");
    // The policy lets no other script run.
    let (before, rest) = page.split_once("<meta http-equiv").unwrap();
    let (_, after) = rest.split_once(">\n").unwrap();
    let end = format!("<script>{driver}</script>\n</body>");
    let copy = format!("{before}{}", after.replace("</body>", &end));
    let file = lab.path().join("driven.html");
    fs::write(&file, copy).unwrap();
    let (dom, console) = browse(lab, &file, &["--dump-dom", "--window-size=1280,900"]);
    assert_eq!(console, "");
    let (_, result) = dom.split_once("<pre id=\"result\">").expect(&dom);
    let text = result.split_once("</pre>").unwrap().0;
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    serde_json::from_str(&text.replace("&amp;", "&")).unwrap()
}

/// Its own policy stops nothing of it, and it needs nothing from elsewhere.
#[test]
fn the_page_shows_itself_under_its_own_policy() {
    require!(Tool(CHROMIUM));
    for name in ["thread", "python", "refused", "interrupted", "pool-no-join"] {
        let lab = Lab::new();
        let folder = lab.golden_run(name);
        // A run that is not whole has a page all the same, and says that it is not.
        page_and(&lab, &folder, i32::from(name == "interrupted"));
        let flows = fs::read_to_string(folder.join("flows.jsonl")).unwrap();
        let flows = flows.lines().count();
        let file = folder.join("report.html");
        let (dom, console) = browse(&lab, &file, &["--dump-dom"]);
        assert_eq!(console, "", "{name}");
        let html = dom.split("<head>").next().unwrap();
        for said in [
            "data-ready=\"true\"".to_owned(),
            format!("data-flows=\"{flows}\""),
            format!("data-drawn=\"{flows}\""),
        ] {
            assert!(html.contains(&said), "{name}: {html}");
        }
    }
}

/// The kernel gives numbers of threads again: in a run with a thread for each request they are
/// other threads all the same, each with a life of its own.
#[test]
fn a_number_that_is_given_again_is_another_thread() {
    require!(Tool(CHROMIUM));
    for (name, threads) in [("thread", "20 20"), ("process", "20 20"), ("async", "1 20")] {
        let lab = Lab::new();
        let folder = lab.golden_run(name);
        fs::remove_file(folder.join("observation.jsonl")).unwrap();
        for file in ["flows.jsonl", "workers.jsonl"] {
            let file = folder.join(file);
            let mut lines = super::common::lines(&file);
            for line in &mut lines {
                for owner in ["client_owner", "server_owner"] {
                    for (key, number) in [("pid", 700), ("tid", 700), ("serve_tid", 700)] {
                        if line[owner].get(key).is_some() {
                            line[owner][key] = number.into();
                        }
                    }
                }
                if line["side"].is_string() {
                    (line["pid"], line["tid"]) = (700.into(), 700.into());
                }
            }
            let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
            fs::write(&file, lines.join("\n") + "\n").unwrap();
        }
        page(&lab, &folder);
        let (dom, console) = browse(&lab, &folder.join("report.html"), &["--dump-dom"]);
        assert_eq!(console, "", "{name}");
        let said = format!("data-threads=\"{threads}\"");
        let html = dom.split("<head>").next().unwrap();
        assert!(html.contains(&said), "{name}: {html}");
    }
}

#[test]
fn a_person_zooms_and_pans_and_looks_for_a_flow() {
    require!(Tool(CHROMIUM));
    let lab = Lab::new();
    let folder = lab.golden_run("python");
    let said = driven(&lab, &page(&lab, &folder));
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    assert_eq!(said["errors"], Value::Array(Vec::new()));
    // The axis is there before the browser has a chance to lay the page out without.
    assert_eq!(said["at_once"], true, "{said}");
    assert!(text("whole").ends_with("20 of 20 flows"), "{said}");
    assert!(text("zoomed") != text("whole") && text("panned") != text("zoomed"));
    assert_eq!(text("back"), text("whole"));
    // One of twenty is found by its address, and all are there again.
    assert_eq!((&said["rows"], &said["found"]), (&20.into(), &1.into()));
    assert_eq!((&said["failed"], &said["chosen"]), (&0.into(), &1.into()));
    let slowest: Vec<f64> = said["slowest"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s.as_str().unwrap().strip_suffix(" ms").unwrap())
        .map(|s| s.parse().unwrap())
        .collect();
    assert!(
        slowest.len() == 20 && slowest.is_sorted_by(|a, b| a >= b),
        "{slowest:?}"
    );
    assert!(said["colours"].as_u64().unwrap() > 20, "{said}");
    assert!(said["columns"].as_u64().unwrap() > 4, "{said}");
    assert_eq!(said["ladderOpen"], true);
    assert_eq!(text("ladderTitle"), "Flow 1");
    let wire: Vec<&str> = said["ladder"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rung| rung[1].as_str().unwrap())
        .filter(|rung| !rung.is_empty())
        .collect();
    assert_eq!(wire[..4], ["SYN", "SYN-ACK", "ACK", "request"]);
    assert_eq!(wire[4], "answer 14:44:21, valid");
    assert_eq!(wire[5..], ["FIN", "FIN"]);
}

/// Words that no Indonesian sentence has; "server", "frame", "request" and the like are
/// both, and "process" is the name of a strategy.
const ENGLISH: [&str; 69] = [
    "the",
    "of",
    "and",
    "or",
    "is",
    "are",
    "was",
    "were",
    "not",
    "with",
    "without",
    "by",
    "from",
    "for",
    "each",
    "one",
    "more",
    "than",
    "no",
    "none",
    "all",
    "some",
    "its",
    "it",
    "that",
    "which",
    "when",
    "what",
    "how",
    "to",
    "on",
    "at",
    "client",
    "threads",
    "processes",
    "connection",
    "connections",
    "answer",
    "answers",
    "requests",
    "flows",
    "frames",
    "closed",
    "open",
    "failed",
    "valid",
    "first",
    "last",
    "previous",
    "next",
    "close",
    "clear",
    "search",
    "state",
    "time",
    "since",
    "wire",
    "peak",
    "before",
    "after",
    "created",
    "known",
    "seen",
    "unknown",
    "bytes",
    "segments",
    "values",
    "note",
    "error",
];

/// What is left of English in a text: whole words, where neither a name of a record nor
/// a part of a path or a call.
fn english(text: &str) -> Vec<&str> {
    let apart = |c: char| c.is_whitespace() || "()[],;:…".contains(c);
    let words = text.split(apart).map(|word| word.trim_end_matches('.'));
    words
        .filter(|word| ENGLISH.contains(&word.to_lowercase().as_str()))
        .collect()
}

#[test]
fn the_page_in_indonesian_has_no_english_left() {
    require!(Tool(CHROMIUM));
    assert_eq!(english("Rows 1 to 20. of/the a_of_b"), ["to"]);
    for name in [
        "thread",
        "python",
        "refused",
        "interrupted",
        "pool-no-join",
        "process",
    ] {
        let lab = Lab::new();
        let folder = lab.golden_run(name);
        let status = i32::from(name == "interrupted");
        let said = driven(&lab, &page_in(&lab, &folder, status, "id"));
        assert_eq!(said["errors"], Value::Array(Vec::new()), "{name}");
        assert_eq!(said["language"], "id");
        let spoken = said["spoken"].as_array().unwrap();
        assert!(spoken.len() > 20, "{name}: {spoken:?}");
        for text in spoken {
            let text = text.as_str().unwrap();
            // A filter is in libpcap's language.
            let lines = text.lines().filter(|line| !line.starts_with("tcp port"));
            let text = lines.collect::<Vec<_>>().join("\n");
            // strerror(3) says it.
            let text = text.replace("Connection refused (os error 111)", "ECONNREFUSED");
            assert_eq!(english(&text), Vec::<&str>::new(), "{name}: {text}");
        }
        let whole = said["whole"].as_str().unwrap();
        assert!(
            whole.contains(" sampai ") && whole.ends_with(" flow"),
            "{whole}"
        );
    }
}

/// What a peer sends, and how a program is called, is text and nothing else.
#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    require!(Capture, Tool(CHROMIUM), Tool("python3"));
    let lab = Lab::new();
    let answer = "</template><img src=x onerror=document.title=7>";
    let server = format!(
        "import socket\ns=socket.create_server(('127.0.0.1',0))\nprint(s.getsockname()[1],flush=True)\n\
         while 1:\n c,_=s.accept();c.recv(9);c.sendall({answer:?}.encode()+b'\\r\\n');c.close()\n"
    );
    let script = lab.path().join("<b onmouseover=alert(1)>.py");
    fs::write(&script, server).unwrap();
    let server = format!("python3 \"{}\"", script.display());
    let ran = lab.run(&["-n", "2", "--server-cmd", &server]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let said = driven(&lab, &page(&lab, &lab.out()));
    assert_eq!(said["errors"], Value::Array(Vec::new()));
    assert_eq!(said["failed"], 2);
    let text = said["text"].as_str().unwrap();
    assert!(text.contains("</template><img src=x"), "{text}");
    assert!(text.contains("<b onmouseover"), "{text}");
}

#[test]
fn the_page_prints() {
    require!(Tool(CHROMIUM));
    let lab = Lab::new();
    let folder = lab.golden_run("thread");
    page(&lab, &folder);
    let pdf = lab.path().join("page.pdf");
    let print = format!("--print-to-pdf={}", pdf.display());
    let file = folder.join("report.html");
    let (_, console) = browse(&lab, &file, &[&print, "--no-pdf-header-footer"]);
    assert_eq!(console, "");
    let pdf = fs::read(pdf).unwrap();
    assert!(
        pdf.starts_with(b"%PDF-") && pdf.len() > 20_000,
        "{}",
        pdf.len()
    );
}

#[test]
fn a_run_without_a_capture_has_a_page() {
    require!(Tool(CHROMIUM));
    let lab = Lab::new();
    lab.run(&["-n", "5", "--port", "0", "--no-capture"])
        .exits(0);
    page(&lab, &lab.out());
    let file = lab.out().join("report.html");
    let (dom, console) = browse(&lab, &file, &["--dump-dom"]);
    assert_eq!(console, "");
    let html = dom.split("<head>").next().unwrap();
    for said in ["data-flows=\"0\"", "data-rows=\"5\"", "data-ready=\"true\""] {
        assert!(html.contains(said), "{html}");
    }
}

/// Golden runs under names of their own.
fn golden_runs(lab: &Lab, names: &[&str]) {
    for name in names {
        fs::rename(lab.golden_run(name), lab.path().join(name)).unwrap();
    }
}

/// Several runs on the same axes, in both languages, under the page's own policy.
#[test]
fn several_runs_stand_on_one_page() {
    require!(Tool(CHROMIUM));
    let names = ["thread", "async", "process", "python", "refused"];
    for lang in ["en", "id"] {
        let lab = Lab::new();
        golden_runs(&lab, &names);
        let mut command = lab.threadtap(&[]);
        command.arg("report").args(names);
        let ran = lab.finish(command.args(["--only", "html", "--lang", lang]));
        let ran = ran.exits(0);
        assert!(ran.stdout.ends_with("\nreport.html\n"), "{}", ran.stdout);
        let file = lab.path().join("report.html");
        let (dom, console) = browse(&lab, &file, &["--dump-dom", "--window-size=1280,900"]);
        assert_eq!(console, "");
        for said in [
            &*format!("<html lang=\"{lang}\""),
            "data-ready=\"true\"",
            "data-members=\"5\"",
            "<a href=\"thread/report.html\">",
        ] {
            assert!(dom.contains(said), "{said}");
        }
        // A panel for each side of each; where none listened no server was counted. Four
        // have a line in each distribution.
        assert_eq!(dom.matches("class=\"pair\"").count(), 5);
        assert_eq!(dom.matches("class=\"area\"").count(), 9);
        let lines = dom.split("id=\"cdfs\"").nth(1).unwrap();
        let lines = lines.split("</section>").next().unwrap();
        assert_eq!(lines.matches("<title>").count(), 2 * 4, "{lines}");
        if lang == "id" {
            let text = texts_of(&dom);
            // strerror(3) says it.
            let text = text.replace("Connection refused (os error 111)", "ECONNREFUSED");
            assert_eq!(english(&text), Vec::<&str>::new(), "{text}");
        }
        let print = format!("--print-to-pdf={}", lab.path().join("all.pdf").display());
        let (_, console) = browse(&lab, &file, &[&print]);
        assert_eq!(console, "");
        let pdf = fs::read(lab.path().join("all.pdf")).unwrap();
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 20_000);
    }
}

/// What a document says: what stands between its tags, without its script, style and
/// data, and the labels of what is drawn.
fn texts_of(dom: &str) -> String {
    let (_, body) = dom.split_once("<body>").unwrap();
    let (body, _) = body.split_once("<template").unwrap();
    let mut text = String::new();
    // Evidence has the names of the record.
    let mut parts = body.split("<details>");
    let first = parts.next().into_iter();
    for part in first.chain(parts.map(|p| p.split_once("</details>").map_or("", |p| p.1))) {
        for piece in part.split('<') {
            let (tag, said) = piece.split_once('>').unwrap_or(("", piece));
            let label = tag.split("aria-label=\"").nth(1);
            text += label.and_then(|l| l.split('"').next()).unwrap_or("");
            text += "\n";
            text += said;
            text += "\n";
        }
    }
    text
}

/// A page of somebody's own is kept, and so is that of a run.
#[test]
fn the_page_of_several_replaces_nothing_of_anybodys() {
    let lab = Lab::new();
    golden_runs(&lab, &["thread", "async"]);
    let report = |more: &[&str]| {
        let mut command = lab.threadtap(&[]);
        command.args(["report", "thread", "async", "--only", "html"]);
        lab.finish(command.args(more))
    };
    let page = lab.path().join("report.html");
    report(&[]).exits(0);
    let first = fs::read(&page).unwrap();
    report(&[]).exits(0);
    assert!(first == fs::read(&page).unwrap());
    fs::write(&page, "mine").unwrap();
    let ran = report(&[]).exits(1);
    assert!(ran.stderr.contains("--force replaces it"), "{}", ran.stderr);
    assert_eq!(fs::read(&page).unwrap(), b"mine");
    report(&["--out", "lab1.md"]).exits(0);
    assert!(first == fs::read(lab.path().join("lab1.html")).unwrap());
    report(&["--force"]).exits(0);
    assert!(first == fs::read(&page).unwrap());
    // In the folder of a run stands that run's.
    let ran = report(&["--out", "thread/"]).exits(1);
    assert!(
        ran.stderr.contains("is the page of a run"),
        "{}",
        ran.stderr
    );
    let of_run = fs::read_to_string(lab.path().join("thread/report.html")).unwrap();
    assert!(of_run.contains("id=\"canvas\""));
}
