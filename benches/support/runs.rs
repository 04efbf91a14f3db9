//! What the benches of runs share: the interpreter, medians.

use std::error::Error;
use std::path::Path;
use std::process::Command;

pub type Fallible<T> = Result<T, Box<dyn Error>>;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_threadtap");

/// A median and the quartiles around it.
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarter: usize| values[(values.len() - 1) * quarter / 4];
        Self {
            median: at(2),
            low: at(1),
            high: at(3),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, low, high] = [self.median, self.low, self.high].map(|ns| ns / 1e6);
        write!(f, "{median:8.1} ms ({low:.1} to {high:.1})")
    }
}

/// The interpreter itself: a version manager's shim would be timed with it.
pub fn python() -> Option<String> {
    let out = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .ok()?;
    let path = String::from_utf8(out.stdout).ok()?.trim().to_owned();
    Path::new(&path).is_file().then_some(path)
}
