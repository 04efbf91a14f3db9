//! What `-v` and `THREADTAP_LOG` tell on standard error: what is done, and when.
//!
//! The rooms with effects tell their steps with the macros of `tracing`; here
//! they become lines. Two levels need no language for filters, so that the
//! variable's value is compared with three words.

use std::ffi::OsStr;
use std::fmt::{self, Write as _};
use std::io;
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::terminal::takes_colour;
use crate::sys::process::stderr;
use crate::text::escape::printable;

/// The environment variable that does what `-v` does.
const VARIABLE: &str = "THREADTAP_LOG";

/// Tells what this level lets through from now on. `verbose`: how often `-v` was
/// given; without it the environment decides.
///
/// # Errors
/// When the environment names no level.
pub fn begin(verbose: u8) -> anyhow::Result<()> {
    let level = match verbose {
        0 => named(std::env::var_os(VARIABLE).as_deref())?,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    if level == LevelFilter::OFF {
        return Ok(());
    }
    let lines = Lines {
        since: Instant::now(),
        faint: takes_colour(&io::stderr()),
    };
    // It fails where it was begun before.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(Told::default)
        // Where standard error is closed or full there is nobody to tell.
        .log_internal_errors(false)
        .event_format(lines)
        .try_init();
    Ok(())
}

/// Whether anything is told: then a progress bar would write over it.
pub fn are_on() -> bool {
    tracing::enabled!(Level::INFO)
}

fn named(value: Option<&OsStr>) -> anyhow::Result<LevelFilter> {
    let value = value.unwrap_or_default().to_string_lossy();
    match value.to_ascii_lowercase().as_str() {
        "" | "off" => Ok(LevelFilter::OFF),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        _ => anyhow::bail!(
            "{VARIABLE} is {}, which is not a level; set it to off, info or debug",
            printable(&value)
        ),
    }
}

/// Standard error as the subscriber writes it: a line at once.
#[derive(Debug, Default)]
struct Told;

impl io::Write for Told {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stderr::write(&String::from_utf8_lossy(bytes), None);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line for each event: the seconds since the program began, and what was done.
struct Lines {
    since: Instant,
    /// Whether the time is written faintly.
    faint: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        let detail = match *event.metadata().level() {
            Level::DEBUG => "debug: ",
            _ => "",
        };
        let (faint, plain) = if self.faint {
            ("\u{1b}[2m", "\u{1b}[0m")
        } else {
            ("", "")
        };
        // Names of programs and files stand in it.
        writeln!(
            out,
            "{faint}threadtap [{:.6}]{plain} {detail}{}",
            self.since.elapsed().as_secs_f64(),
            printable(&message.0)
        )
    }
}

/// What an event says.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_has_one_of_three_names() {
        let level = |text: &str| named(Some(OsStr::new(text))).ok();
        assert_eq!(named(None).unwrap(), LevelFilter::OFF);
        assert_eq!(level(""), Some(LevelFilter::OFF));
        assert_eq!(level("off"), Some(LevelFilter::OFF));
        assert_eq!(level("INFO"), Some(LevelFilter::INFO));
        assert_eq!(level("debug"), Some(LevelFilter::DEBUG));
        for wrong in ["warn", "1", "threadtap=debug", "\u{1b}[31m"] {
            let told = named(Some(OsStr::new(wrong))).unwrap_err().to_string();
            assert!(!told.contains('\u{1b}'), "{told}");
            assert!(told.contains("off, info or debug"), "{told}");
        }
    }
}
