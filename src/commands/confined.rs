//! `analyze`, `show` and `report` read what strangers have made: before they do, they give
//! up all but reading it and writing what was asked for.

use std::path::Path;

use crate::sys::confine::{Needs, for_good};
use crate::sys::host;
use crate::text::escape::printable;

/// No more names are told than so many.
const MOST_TOLD: usize = 3;

/// From now on this process does no more than it needs. No thread exists yet.
pub(super) fn confine(needs: &Needs<'_>) {
    // It is asked for later, and stands in files that can be read now only.
    let _ = host::cpus();
    let confined = for_good(needs);
    let reads: Vec<&Path> = needs.files.iter().chain(&needs.folders).copied().collect();
    let mut made_in = needs.made_in.clone();
    made_in.dedup();
    tracing::info!(
        "from here on {}, {}; {confined}",
        told("reads", &reads),
        told("writes in", &made_in),
    );
}

fn told(what: &str, paths: &[&Path]) -> String {
    let names: Vec<String> = paths
        .iter()
        .take(MOST_TOLD)
        .map(|path| printable(&path.display().to_string()).into_owned())
        .collect();
    match paths.len() {
        0 => format!("{what} no folder"),
        n if n > MOST_TOLD => format!("{what} {} and {} more", names.join(", "), n - MOST_TOLD),
        _ => format!("{what} {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_names_are_told() {
        let paths: Vec<&Path> = ["a", "b\u{1b}", "c", "d", "e"].map(Path::new).to_vec();
        assert_eq!(told("writes in", &[]), "writes in no folder");
        assert_eq!(told("reads", &paths[..1]), "reads a");
        assert!(!told("reads", &paths[..2]).contains('\u{1b}'));
        assert!(told("reads", &paths).ends_with(", c and 2 more"));
    }
}
