//! What the benches of runs share: a server, the interpreter, medians.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub type Fallible<T> = Result<T, Box<dyn Error>>;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_threadtap");

/// Prints a ratio and whether its aim is met.
pub fn verdict(what: &str, ratio: f64, aim: &str, met: bool, pairs: Option<&Spread>) {
    let met = if met { "met" } else { "NOT met" };
    let pairs = pairs.map_or_else(String::new, |p| {
        format!(
            "; pair by pair {:.3} ({:.3} to {:.3})",
            p.median, p.low, p.high
        )
    });
    println!("  {what} ×{ratio:.3}; aim: {aim}: {met}{pairs}\n");
}

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

/// `threadtap serve` on a free port; ended with the value.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Server {
    pub fn start() -> Fallible<Self> {
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let port = line
            .split([':', ' '])
            .find_map(|word| word.parse().ok())
            .ok_or("the server does not tell its port")?;
        Ok(Self { child, port })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and nothing of it is kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
