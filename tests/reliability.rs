//! The table of faults in `docs/reliability.md` has every one of them. What the table
//! says is held against the program by `make faults`.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "faults/table.rs"]
mod table;

use std::collections::HashSet;

#[test]
fn the_page_has_every_fault() {
    let page = include_str!("../docs/reliability.md");
    assert!(
        table::page(page) == page,
        "docs/reliability.md: THREADTAP_WRITE_FAULTS=1 make faults writes it"
    );
    for row in table::ROWS {
        assert!(page.contains(row.fault), "{}", row.fault);
    }
}

/// Every fault has a case, and every case a fault.
#[test]
fn every_fault_has_a_case() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/cases");
    let mut cases = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let keys = text.split("key: \"").skip(1);
        cases.extend(keys.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    cases.sort();
    let mut rows: Vec<&str> = table::ROWS.iter().map(|row| row.key).collect();
    rows.sort_unstable();
    assert_eq!(rows, cases);
    assert_eq!(rows.iter().collect::<HashSet<_>>().len(), rows.len());
}
