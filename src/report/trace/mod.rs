//! A run as a trace, for Perfetto's UI and Chrome's tracing page: who did what when,
//! on one time axis.
//!
//! | drawn | from | to |
//! | --- | --- | --- |
//! | `connect` | the SYN | the client's ACK of the SYN-ACK |
//! | `connect, not established` | the SYN | the flow's last frame |
//! | `accept` | the client's ACK, or the moment from which the thread was free | the return of accept(2) |
//! | `serve` | the return of accept(2), or the beginning of the serving thread | the server's FIN or RST |
//! | `exchange` | the request's first byte | the answer's last byte |
//! | `exchange, no answer` | the request's first byte | the flow's last frame |
//! | `close` | the first FIN or RST, of either side | the flow's last frame |
//!
//! Each stands on the track of the thread that owns this end of the flow. Arrows lead
//! from an exchange to where the serving thread has its request, and from there back
//! with the answer. Counters tell the threads and processes of each side and the open
//! flows; findings stand at the end, as they are concluded from the whole.
//!
//! What was not seen is not drawn: a flow whose serving thread is not known has no
//! `serve` and no arrows; one whose client thread is not known stands on a track that
//! says so. A number that the kernel gave again is another thread: each life has a track
//! of its own.
//!
//! Times are nanoseconds since the first thing that is drawn; what moment that was, by
//! the capture's clock (`CLOCK_REALTIME`), is said in the file.
//!
//! `story` tells what is to be drawn, `tracks` who has which track, `lanes` keeps what
//! overlaps apart; `perfetto` and `chrome` are the two ways to write it.

mod chrome;
mod counters;
mod lanes;
mod lives;
mod perfetto;
mod protobuf;
#[cfg(test)]
mod reader;
mod sink;
mod slices;
mod story;
#[cfg(test)]
mod tests;
mod told;
mod tracks;

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use self::chrome::Chrome;
use self::perfetto::Perfetto;
use super::view::RunView;

/// Writes a run as Perfetto's protobuf, gzipped.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_pftrace(view: RunView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut gzip = GzEncoder::new(out, Compression::new(5));
    story::tell(view, &mut Perfetto::new(&mut gzip))?;
    gzip.finish()?;
    Ok(())
}

/// Writes a run in the Trace Event Format of Chrome's tracing page.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_trace_json(view: RunView<'_>, out: &mut dyn Write) -> io::Result<()> {
    story::tell(view, &mut Chrome::new(out))
}
