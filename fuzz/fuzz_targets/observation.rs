//! Any bytes as the log of a run: facts or an error with its line, and a record
//! of whatever was understood; never a panic. What was understood can be written
//! and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadtap::assemble::assemble;
use threadtap::model::observation::{Fact, Observation};
use threadtap::obsfile::{ObservationReader, ObservationWriter};

fuzz_target!(|data: &[u8]| {
    let Ok(reader) = ObservationReader::open(data) else {
        return;
    };
    let mut observation = Observation::new(reader.header().clone());
    let mut facts = Vec::new();
    for fact in reader {
        match fact {
            Ok(fact) => {
                facts.push(fact.clone());
                observation.add(fact);
            }
            Err(e) => {
                let said = e.to_string();
                assert!(!said.is_empty() && !said.contains(['\n', '\u{1b}']));
            }
        }
    }
    let told = assemble(&observation, Vec::new());
    assert!(serde_json::to_string(&told.run).is_ok());
    let mut writer = ObservationWriter::new(Vec::new());
    for fact in &facts {
        writer.write(fact).expect("memory takes everything");
    }
    let log = writer.into_inner();
    let again: Result<Vec<Fact>, _> = ObservationReader::open(&log[..])
        .expect("it was read once")
        .collect();
    assert_eq!(again.expect("it was read once"), facts);
});
