//! Opening a page in a browser: `$BROWSER`, else xdg-open(1) where there is a display.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe_with};

use crate::model::Pid;
use crate::sys::process::fork_and;
use crate::sys::process::rusage::reap;
use crate::sys::process::stderr;
use crate::text::escape::printable;

/// A process that will open one of these pages, and does nothing else. It is there before
/// this one gives up executing programs and reads what strangers have made; what it is told
/// later is a number.
pub(super) struct Opener {
    child: Pid,
    tell: File,
}

impl Opener {
    /// Starts it. No thread exists yet.
    ///
    /// # Errors
    /// When no process can be had.
    pub(super) fn ready(pages: Vec<PathBuf>) -> anyhow::Result<Self> {
        let ready = || {
            let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
            let child = fork_and(move || {
                let mut number = [0; 8];
                // Where nobody tells a page, none is opened.
                if File::from(told).read_exact(&mut number).is_ok()
                    && let Some(page) = pages.get(usize::from_ne_bytes(number))
                {
                    open(page);
                }
                0
            })?;
            tracing::info!("process {} waits to open the page", child.0);
            let tell = File::from(tell);
            Ok(Self { child, tell })
        };
        ready().map_err(|e: io::Error| {
            anyhow::anyhow!("--open needs a process: {e}; try without --open, and open the page")
        })
    }

    /// The page with this number is opened, or none.
    pub(super) fn open(mut self, page: Option<usize>) {
        let number = page.unwrap_or(usize::MAX);
        // It has said itself why it could not.
        let _ = self.tell.write_all(&number.to_ne_bytes());
        let _ = reap(self.child);
    }
}

/// Whether a window can be shown, by what the environment says: an empty name is none.
pub(super) fn display() -> bool {
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].map(env::var_os);
    display.iter().flatten().any(|d| !d.is_empty())
}

/// Opens a page, and goes on; a browser may stay open for hours. Where there is none, the
/// page is named.
fn open(page: &Path) {
    let page = page.canonicalize().unwrap_or_else(|_| page.to_owned());
    let page = page.display().to_string();
    let mut why = Vec::new();
    for words in commands(env::var("BROWSER").ok().as_deref(), display(), &page) {
        match fails(&words) {
            None => return,
            Some(reason) => why.push(reason),
        }
    }
    if why.is_empty() {
        why.push("there is no browser here ($BROWSER is not set, and there is no display)".into());
    }
    let why = why.join("; ");
    stderr::tell(format_args!("threadtap: {why}; open {}", printable(&page)));
}

/// Why a command does not open the page; `None` where it does, as far as is seen soon.
fn fails(words: &[String]) -> Option<String> {
    let (name, arguments) = words.split_first()?;
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null());
    // What it prints is of no use to whoever reads our output.
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let name = printable(name);
    match started.map(failed_soon) {
        Ok(None) => None,
        Ok(Some(status)) => Some(format!("{name} ended with {status}")),
        Err(e) => Some(format!("{name} could not be started: {e}")),
    }
}

/// xdg-open(1) has tried all the browsers that it knows within two seconds.
const SOON: Duration = Duration::from_secs(3);

/// With which status a command has failed, if it does so soon: a browser that opens a page
/// ends well at once, or stays.
fn failed_soon(mut child: Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < SOON {
        if let Some(status) = child.try_wait().ok()? {
            return (!status.success()).then_some(status);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

/// The commands that may open a page, to be tried in this order. `$BROWSER` is a list of
/// commands with a colon between them, as xdg-open(1) has it; `%s` in one stands for the page.
fn commands(browser: Option<&str>, display: bool, page: &str) -> Vec<Vec<String>> {
    let list = browser.unwrap_or_default().split(':');
    let named: Vec<&str> = list.filter(|b| !b.trim().is_empty()).collect();
    if named.is_empty() {
        let default = display.then(|| vec!["xdg-open".to_owned(), page.to_owned()]);
        return default.into_iter().collect();
    }
    named.into_iter().filter_map(|b| with(b, page)).collect()
}

/// A command of the list with the page in it.
fn with(browser: &str, page: &str) -> Option<Vec<String>> {
    let mut words = shlex::split(browser).filter(|words| !words.is_empty())?;
    let placed = words.iter().any(|word| word.contains("%s"));
    for word in &mut words {
        *word = word.replace("%s", page);
    }
    if !placed {
        words.push(page.to_owned());
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_the_persons_own() {
        let of = |browser, display| -> Vec<String> {
            let all = commands(browser, display, "/a b.html");
            all.into_iter().map(|words| words.join("|")).collect()
        };
        let is = |text: &str| vec![text.to_owned()];
        assert_eq!(of(Some("firefox"), false), is("firefox|/a b.html"));
        assert_eq!(
            of(Some("chromium --new-window"), true),
            is("chromium|--new-window|/a b.html")
        );
        let both = ["w3m|/a b.html", "lynx|/a b.html"].map(str::to_owned);
        assert_eq!(of(Some("w3m %s:: lynx"), false), both);
        assert_eq!(of(Some(""), true), is("xdg-open|/a b.html"));
        assert_eq!(of(None, true), is("xdg-open|/a b.html"));
        assert_eq!(of(None, false), Vec::<String>::new());
        assert_eq!(of(Some("'unclosed"), true), Vec::<String>::new());
    }
}
