//! `make faults`: every fault of `table.rs` is injected into real runs, and what the
//! program promises is held against what it does.
//!
//! Each case runs in a process of its own, with a network of its own, to which every
//! orphan of the case is handed. When it is over nothing may be left: no process, no
//! listening port, no packet socket, no mounted namespace, no file. What a case found
//! wrong is what it panics with.
//!
//! ```text
//! cargo test --test faults                    all of them; docs/reliability.md is compared
//! cargo test --test faults -- WORD…           those whose key or text holds a word
//! THREADTAP_WRITE_FAULTS=1 cargo test …       docs/reliability.md is written
//! ```
#![allow(missing_docs, clippy::unwrap_used)]

#[allow(dead_code, unused_imports, reason = "other tests use them")]
#[path = "../common/mod.rs"]
mod common;

mod bench;
mod cases;
mod table;

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use table::{ROWS, Row};

/// So many at once: most of a case is waiting.
const AT_ONCE: usize = 4;

/// No case takes nearly as long.
const HANG: Duration = Duration::from_mins(4);

/// Says to a child of this program which case it is.
const CASE: &str = "THREADTAP_FAULT_CASE";

fn main() -> ExitCode {
    if let Some(key) = std::env::var_os(CASE) {
        bench::run(key.to_str().unwrap());
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |row: &&Row| {
        let text = format!("{} {} {}", row.key, row.group, row.fault);
        words.is_empty() || words.iter().any(|word| text.contains(word))
    };
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    let since = Instant::now();
    let told = all(&rows);
    print(&rows, &told, since.elapsed());
    let failed = told.iter().any(|t| matches!(t.came, Came::Failed(_)));
    let nothing = rows.is_empty();
    if !table_is_up_to_date() || failed || nothing {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What came of a case.
enum Came {
    Held,
    Skipped(String),
    Failed(String),
}

struct Told {
    came: Came,
    took: Duration,
}

fn all(rows: &[&Row]) -> Vec<Told> {
    let next = Mutex::new(0);
    let told: Vec<Mutex<Option<Told>>> = rows.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(row) = rows.get(at) else { return };
                    let since = Instant::now();
                    let came = one(row);
                    if let Came::Failed(why) = &came {
                        say(&format!("FAILED: {}\n{why}\n", row.key));
                    }
                    let took = since.elapsed();
                    *told[at].lock().unwrap() = Some(Told { came, took });
                }
            });
        }
    });
    let told = told.into_iter().map(|t| t.into_inner().unwrap());
    told.map(Option::unwrap).collect()
}

fn one(row: &Row) -> Came {
    let Some(case) = cases::of(row.key) else {
        return Came::Failed("the table has it, and there is no case for it".to_owned());
    };
    if let Some(why) = case.needs.iter().find_map(|need| need.missing()) {
        if std::env::var_os("THREADTAP_REQUIRE_ALL").is_some_and(|v| v == "1") {
            return Came::Failed(format!("it {why}, and THREADTAP_REQUIRE_ALL is set"));
        }
        return Came::Skipped(why);
    }
    let folder = tempfile::TempDir::new().unwrap();
    // Some cases are other users.
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody).unwrap();
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&scratch, everybody).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(CASE, row.key)
        .env("TMPDIR", &scratch)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap();
    let until = Instant::now() + HANG;
    let said = || {
        let bytes = fs::read(folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    loop {
        match child.try_wait().unwrap() {
            Some(status) if status.success() => break,
            Some(status) => return Came::Failed(format!("{status}\n{}", said())),
            None if Instant::now() > until => {
                // Its processes die with it: it is killed last.
                for process in bench::tree_of(child.id()).into_iter().rev() {
                    let _ = Command::new("kill")
                        .args(["-9", &process.to_string()])
                        .status();
                }
                let _ = child.wait();
                return Came::Failed(format!("it hangs\n{}", said()));
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    let left: Vec<String> = fs::read_dir(&scratch)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    if left.is_empty() {
        Came::Held
    } else {
        Came::Failed(format!("files are left: {left:?}"))
    }
}

fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn print(rows: &[&Row], told: &[Told], took: Duration) {
    let mut group = "";
    for (row, told) in rows.iter().zip(told) {
        if row.group != group {
            group = row.group;
            println!("\n{group}");
        }
        let (word, why) = match &told.came {
            Came::Held => ("ok", String::new()),
            Came::Skipped(why) => ("skipped", format!(": {why}")),
            Came::Failed(_) => ("FAILED", String::new()),
        };
        let seconds = told.took.as_secs_f64();
        println!("  {word:<8} {seconds:>5.1} s  {}{why}", row.fault);
    }
    let count = |is: fn(&Came) -> bool| told.iter().filter(|t| is(&t.came)).count();
    println!(
        "\n{} faults: {} held, {} failed, {} skipped ({} s)",
        rows.len(),
        count(|c| matches!(c, Came::Held)),
        count(|c| matches!(c, Came::Failed(_))),
        count(|c| matches!(c, Came::Skipped(_))),
        took.as_secs()
    );
}

/// Whether the table of the documentation is this one; writes it where that is asked for.
fn table_is_up_to_date() -> bool {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let now = fs::read_to_string(&page).unwrap_or_default();
    let wanted = table::page(&now);
    if wanted == now {
        return true;
    }
    if std::env::var_os("THREADTAP_WRITE_FAULTS").is_some() {
        fs::write(&page, wanted).unwrap();
        println!("docs/reliability.md is written");
        return true;
    }
    println!(
        "docs/reliability.md is not up to date: THREADTAP_WRITE_FAULTS=1 make faults writes it"
    );
    false
}
