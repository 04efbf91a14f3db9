//! What a run of a comparison has left: in its folder, and said.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::capfile::Unpacked;
use crate::census::Open;
use crate::compare::{Measured, thin};
use crate::model::{FlowRecord, RunRecord};

/// Reads as much of it as the comparison needs.
pub fn read(path: &Path, contender: usize, folder: String, held: bool) -> io::Result<Measured> {
    let file = BufReader::new(File::open(path.join("run.json"))?);
    let mut run: RunRecord = serde_json::from_reader(file)?;
    run.census = thin(run.census);
    let mut flows = None;
    if run.capture.is_some() {
        flows = Some(match run.flows_kept {
            // Not all of them are in the file.
            Some(kept) => (kept.peak_open, kept.syn_retransmissions),
            None => of_all(path)?,
        });
    }
    Ok(Measured {
        contender,
        folder,
        open_flows: flows.map(|f| f.0),
        syn_retransmissions: flows.map(|f| f.1),
        run,
        held,
    })
}

/// How many flows were open at once, and how often a SYN was sent again.
fn of_all(path: &Path) -> io::Result<(u64, u64)> {
    let file = match File::open(path.join("flows.jsonl")) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => File::open(path.join("flows.jsonl.zst")),
        opened => opened,
    };
    let mut open = Open::default();
    let mut syns = 0;
    for line in BufReader::new(Unpacked::new(file?)?).lines() {
        let flow: FlowRecord = serde_json::from_str(&line?)?;
        open.add(flow.first_ns, flow.last_ns);
        syns += flow.syn_retransmissions();
    }
    Ok((open.peak(), syns))
}

/// The line in which a run says why it could not be made.
pub fn last_words(said: &str) -> String {
    let line = said.lines().rfind(|line| !line.trim().is_empty());
    let line = line.unwrap_or("the run printed no message");
    line.strip_prefix("threadtap: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_s_last_words() {
        assert_eq!(last_words("saved in x\nthreadtap: no\n\n"), "no");
        assert_eq!(last_words(""), "the run printed no message");
    }
}
