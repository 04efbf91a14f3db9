//! The captures' bytes: files, pipes, standard input, until Ctrl-C ends them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::capfile::{CaptureReader, OpenError};
use crate::commands::saved::{Capture, Folder, joined, opener};
use crate::sys::process::signals::{SIGINT, StopSignal, end_at_the_second, restore_default};
use crate::sys::process::stoppable::Stoppable;

/// The bytes of a capture.
pub(super) type Bytes = Box<dyn Read + Send>;

/// A capture that is open.
pub(super) struct Open {
    pub(super) reader: CaptureReader<Bytes>,
    /// Whether it waits for somebody else's bytes.
    pub(super) live: bool,
    /// Whether Ctrl-C has ended it before its own end.
    pub(super) cut: Arc<AtomicBool>,
}

impl Open {
    pub(super) fn cut(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.cut)
    }
}

/// Opens captures, and listens for Ctrl-C meanwhile.
pub(super) struct Inputs {
    stop: Arc<StopSignal>,
}

impl Inputs {
    /// From now on Ctrl-C ends the reading; the second one ends the program.
    pub(super) fn new() -> io::Result<Self> {
        end_at_the_second(SIGINT)?;
        let stop = Arc::new(StopSignal::on(&[SIGINT])?);
        Ok(Self { stop })
    }

    pub(super) fn interrupted(&self) -> bool {
        self.stop.raised()
    }

    /// Nothing is read any more: what is left is printing, which Ctrl-C may end.
    pub(super) fn over(&self) -> bool {
        let interrupted = self.interrupted();
        restore_default(SIGINT);
        interrupted
    }

    pub(super) fn open(&self, path: &Path) -> Result<Open, OpenError> {
        let stop = Arc::clone(&self.stop);
        if path.is_dir() {
            return open_run(path, stop);
        }
        let input = if is_stdin(path) {
            Stoppable::stdin(stop)?
        } else {
            Stoppable::new(File::open(path)?, stop)?
        };
        let (live, cut) = (input.is_live(), input.was_cut());
        let reader = CaptureReader::open(Box::new(input) as Bytes)?;
        Ok(Open { reader, live, cut })
    }
}

/// The capture of a saved run, all of its files one after the other.
fn open_run(path: &Path, stop: Arc<StopSignal>) -> Result<Open, OpenError> {
    let told = |e: anyhow::Error| io::Error::other(e.to_string());
    let folder = Folder::open(path).map_err(told)?;
    let capture = Capture::find(&folder, &[]).map_err(told)?;
    if !capture.is_there(&folder).map_err(told)? {
        return Err(io::Error::other(
            "it is a folder without a capture; give it a capture, or the folder of a saved run",
        )
        .into());
    }
    let cut = Arc::<AtomicBool>::default();
    let (of_all, open) = (Arc::clone(&cut), opener(&folder));
    let files = joined(capture.names().to_vec(), move |name| {
        let file = Stoppable::new(open(name)?, Arc::clone(&stop))?;
        Ok(file.telling(Arc::clone(&of_all)))
    });
    let reader = CaptureReader::open(Box::new(files) as Bytes)?;
    Ok(Open {
        reader,
        live: false,
        cut,
    })
}

/// Whether a file stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A file's name, printable.
pub(super) fn shown(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string().escape_debug().to_string()
    }
}
