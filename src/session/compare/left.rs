//! What a run of a comparison has left in its folder.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::compare::{Measured, OpenFlows, thin};
use crate::model::{FlowRecord, RunRecord};

/// Reads as much of it as the comparison needs.
pub fn read(path: &Path, contender: usize, folder: String, held: bool) -> io::Result<Measured> {
    let file = BufReader::new(File::open(path.join("run.json"))?);
    let mut run: RunRecord = serde_json::from_reader(file)?;
    run.census = thin(run.census);
    let mut flows = None;
    if run.capture.is_some() {
        let mut open = OpenFlows::default();
        for line in BufReader::new(File::open(path.join("flows.jsonl"))?).lines() {
            let flow: FlowRecord = serde_json::from_str(&line?)?;
            open.add(&flow);
        }
        flows = Some(open);
    }
    Ok(Measured {
        contender,
        folder,
        syn_retransmissions: flows.as_ref().map(OpenFlows::syn_retransmissions),
        open_flows: flows.map(OpenFlows::peak),
        run,
        held,
    })
}
