//! Opening a page in a browser: `$BROWSER`, else xdg-open(1) where there is a display.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// Opens a page, and goes on; a browser may stay open for hours. Where there is none, the
/// page is named.
fn open(page: &Path) {
    let page = page.canonicalize().unwrap_or_else(|_| page.to_owned());
    let page = page.display().to_string();
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].map(env::var_os);
    let display = display.iter().flatten().any(|d| !d.is_empty());
    let why = match command(env::var("BROWSER").ok().as_deref(), display, &page) {
        None => {
            "there is no browser here ($BROWSER is not set, and there is no display)".to_owned()
        }
        Some(words) => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).stdin(Stdio::null());
            // What it prints is of no use to whoever reads our output.
            let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            match started {
                Ok(_) => return,
                Err(e) => format!("{} could not be started: {e}", printable(&words[0])),
            }
        }
    };
    stderr::tell(format_args!("threadtap: {why}; open {}", printable(&page)));
}

/// The command that opens a page. `$BROWSER` is a list of commands with a colon between
/// them, of which the first is taken; `%s` in it stands for the page.
fn command(browser: Option<&str>, display: bool, page: &str) -> Option<Vec<String>> {
    let first = browser.and_then(|list| list.split(':').find(|b| !b.trim().is_empty()));
    let Some(first) = first else {
        return display.then(|| vec!["xdg-open".to_owned(), page.to_owned()]);
    };
    let mut words = shlex::split(first).filter(|words| !words.is_empty())?;
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
        let of = |browser, display| command(browser, display, "/a b.html").map(|w| w.join("|"));
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(of(Some("firefox"), false), is("firefox|/a b.html"));
        assert_eq!(
            of(Some("chromium --new-window"), true),
            is("chromium|--new-window|/a b.html")
        );
        assert_eq!(of(Some("w3m %s:lynx"), false), is("w3m|/a b.html"));
        assert_eq!(of(Some(""), true), is("xdg-open|/a b.html"));
        assert_eq!(of(None, true), is("xdg-open|/a b.html"));
        assert_eq!(of(None, false), None);
        assert_eq!(of(Some("'unclosed"), true), None);
    }
}
