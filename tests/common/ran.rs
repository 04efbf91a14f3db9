//! What a command left, and questions to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;
use tempfile::TempDir;

/// What a command left: its status, its words, its run directory.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub out: PathBuf,
    /// Keeps it from being removed.
    pub(super) _folder: Rc<TempDir>,
}

impl Ran {
    /// Asserts the exit status, with everything that was said.
    #[track_caller]
    pub fn exits(self, status: i32) -> Self {
        assert_eq!(
            self.status,
            Some(status),
            "{}\n{}",
            self.stdout,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    pub fn record(&self) -> Value {
        let text = fs::read_to_string(self.out.join("run.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn flows(&self) -> Vec<Value> {
        self.lines("flows.jsonl")
    }

    pub fn workers(&self) -> Vec<Value> {
        self.lines("workers.jsonl")
    }

    /// The workers of one side.
    pub fn side(&self, side: &str) -> Vec<Value> {
        let mut workers = self.workers();
        workers.retain(|w| w["side"] == side);
        workers
    }

    fn lines(&self, file: &str) -> Vec<Value> {
        lines(&self.out.join(file))
    }

    pub fn pcap(&self) -> PathBuf {
        self.out.join("capture.pcap")
    }
}

/// A file with an object a line.
pub fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The findings of this code.
pub fn findings<'a>(record: &'a Value, code: &str) -> Vec<&'a Value> {
    let all = record["findings"].as_array().unwrap();
    all.iter().filter(|f| f["code"] == code).collect()
}

/// `requests.failed`, as pairs.
fn failed(record: &Value) -> Vec<(String, u64)> {
    let map = record["requests"]["failed"].as_object().unwrap();
    map.iter()
        .map(|(reason, n)| (reason.clone(), n.as_u64().unwrap()))
        .collect()
}

/// Asserts that every request failed for one reason, or for those given.
#[track_caller]
pub fn assert_failed(record: &Value, reasons: &[(&str, u64)]) {
    let wanted: Vec<(String, u64)> = reasons.iter().map(|(r, n)| ((*r).to_owned(), *n)).collect();
    assert_eq!(failed(record), wanted);
}
