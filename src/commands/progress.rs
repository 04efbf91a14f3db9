//! What is waited for, and since when: on a terminal in a line that is drawn anew,
//! elsewhere in a line for each wait that takes longer than two seconds. No thread of
//! its own: it would be counted.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::diagnostics;
use crate::sys::process::stderr;

/// How long a wait may take before it is told where there is no terminal.
const LONG: Duration = Duration::from_secs(2);

/// How often the line on a terminal is drawn.
const OFTEN: Duration = Duration::from_millis(100);

/// What is waited for at this moment.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait {
    /// In words, without figures that change: a new text is a new wait.
    pub what: String,
    /// How far it is, in words; empty where that is not known.
    pub so_far: String,
}

/// The line.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    length: Option<u64>,
    shown: bool,
    since: Instant,
    drawn: Option<Instant>,
    waits: Waits,
}

impl Progress {
    /// A line that has just begun; `length` is the number at which a bar is full.
    /// A terminal on which others print, too, has none: it is not `shown`.
    pub fn new(length: Option<u64>, shown: bool) -> Self {
        Self {
            bar: None,
            length,
            shown,
            since: Instant::now(),
            drawn: None,
            waits: Waits::default(),
        }
    }

    /// Tells what is waited for; `done` of the length are done.
    pub fn tell(&mut self, done: u64, wait: impl FnOnce() -> Wait) {
        let now = Instant::now();
        if self.drawn.is_some_and(|at| now.duration_since(at) < OFTEN) {
            return;
        }
        self.drawn = Some(now);
        let wait = wait();
        if io::stderr().is_terminal() {
            if self.shown && !diagnostics::are_on() {
                self.draw(done, &wait);
            }
        } else if let Some(line) = self.waits.line(now.duration_since(self.since), &wait) {
            // What is waited for is not held up by telling it.
            stderr::write(&format!("threadtap: {line}\n"), Some(Duration::ZERO));
        }
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, done: u64, wait: &Wait) {
        let length = self.length;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
            let template = match length {
                Some(_) => "{bar:10} {wide_msg}",
                None => "{spinner} {wide_msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar
        });
        bar.set_message(drawn(self.since.elapsed(), wait));
        bar.set_position(done);
    }
}

/// The line on a terminal: the time that has passed, and what is waited for.
fn drawn(elapsed: Duration, wait: &Wait) -> String {
    let so_far = match wait.so_far.as_str() {
        "" => String::new(),
        text => format!(": {text}"),
    };
    format!("{:.1} s  {}{so_far}", elapsed.as_secs_f64(), wait.what)
}

/// The waits so far, of which each is told once.
#[derive(Debug, Default)]
struct Waits {
    what: String,
    since: Duration,
    told: bool,
}

impl Waits {
    /// The line to be told at this time of the clock, if there is one.
    fn line(&mut self, now: Duration, wait: &Wait) -> Option<String> {
        if self.what != wait.what {
            *self = Self {
                what: wait.what.clone(),
                since: now,
                told: false,
            };
        }
        let waited = now.saturating_sub(self.since);
        if self.told || waited < LONG {
            return None;
        }
        self.told = true;
        let so_far = match wait.so_far.as_str() {
            "" => String::new(),
            text => format!("; so far {text}"),
        };
        Some(format!(
            "{} (for {} s now{so_far})",
            wait.what,
            waited.as_secs()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(what: &str, so_far: &str) -> Wait {
        Wait {
            what: what.to_owned(),
            so_far: so_far.to_owned(),
        }
    }

    #[test]
    fn a_wait_is_told_once_when_it_has_taken_two_seconds() {
        let mut waits = Waits::default();
        let mut at = |ms, wait| waits.line(Duration::from_millis(ms), &wait);
        assert_eq!(at(0, wait("the server", "")), None);
        assert_eq!(at(1900, wait("the server", "")), None);
        assert_eq!(
            at(2100, wait("the server", "")).unwrap(),
            "the server (for 2 s now)"
        );
        assert_eq!(at(9000, wait("the server", "")), None);
        // The next one has a clock of its own, and its figures make no new one.
        assert_eq!(at(9100, wait("the client", "1")), None);
        assert_eq!(at(11_000, wait("the client", "2")), None);
        assert_eq!(
            at(11_100, wait("the client", "3")).unwrap(),
            "the client (for 2 s now; so far 3)"
        );
        assert_eq!(at(13_200, wait("the client", "4")), None);
    }

    #[test]
    fn the_line_on_a_terminal_has_the_time() {
        let text = drawn(Duration::from_millis(1234), &wait("waiting", "5"));
        assert_eq!(text, "1.2 s  waiting: 5");
        assert_eq!(
            drawn(Duration::ZERO, &wait("waiting", "")),
            "0.0 s  waiting"
        );
    }
}
