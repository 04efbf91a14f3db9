//! Asking tshark, which decodes on its own, what is in a capture.

use std::path::Path;
use std::process::Command;

/// The rows of some fields of the frames that a filter lets through.
pub fn fields(file: &Path, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let (rows, cut) = fields_up_to_a_cut(file, filter, fields);
    assert!(!cut, "{} is cut short", file.display());
    rows
}

/// The same of a file whose last record may be cut short, and whether it is.
fn fields_up_to_a_cut(file: &Path, filter: &str, fields: &[&str]) -> (Vec<Vec<String>>, bool) {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-Y", filter]);
    command.args(["-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let cut = errors.contains("cut short");
    assert!(output.status.success() || cut, "{errors}");
    let rows = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    (rows, cut)
}

/// How many different values a field has in the frames that a filter lets through.
pub fn distinct(file: &Path, filter: &str, field: &str) -> usize {
    let rows = fields(file, filter, &[field]);
    rows.into_iter()
        .collect::<std::collections::HashSet<_>>()
        .len()
}

/// How many frames a filter lets through.
pub fn frames(file: &Path, filter: &str) -> usize {
    fields(file, filter, &["frame.number"]).len()
}

/// The same of the capture of a writer that was killed. The kernel ends a write
/// of many pages between two of them when SIGKILL arrives, so that the last
/// record may be there in part.
pub fn frames_of_a_killed_writer(file: &Path, filter: &str) -> usize {
    fields_up_to_a_cut(file, filter, &["frame.number"]).0.len()
}

/// Streams.
pub const STREAM: &str = "tcp.stream";

/// Frames that carry an answer of the TIME protocol.
pub const ANSWERS: &str = "tcp.payload[0:4] == 4a:41:4d:20 && tcp.len == 14";

/// The first SYN of every connection.
pub const FIRST_SYNS: &str =
    "tcp.flags.syn == 1 && tcp.flags.ack == 0 && !tcp.analysis.retransmission";
