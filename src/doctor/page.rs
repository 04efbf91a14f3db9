//! The record as one page of plain text.

use super::record::DoctorRecord;
use crate::text::units::{bytes, count, counted};

/// Writes the page.
#[must_use]
pub fn page(record: &DoctorRecord) -> String {
    let mut lines = vec![facts(record), String::new()];
    for check in &record.checks {
        let answer = if check.works { "yes" } else { "no" };
        lines.push(format!("{answer:<4} {:<8} {}", check.name, check.found));
        if let Some(remedy) = &check.remedy {
            lines.push(format!("{:<13} to do: {remedy}", ""));
        }
    }
    lines.push(String::new());
    lines.push(format!("interfaces  {}", listed(&record.interfaces)));
    let limits = record.environment.limits.iter();
    let limits: Vec<String> = limits
        .map(|(name, limit)| {
            let limit = limit.map_or("unlimited or not known".to_owned(), count);
            format!("{name} {limit}")
        })
        .collect();
    lines.push(format!("limits      {}", listed(&limits)));
    lines.push(String::new());
    lines.push(
        if record.ready {
            "All that `threadtap run` needs is here."
        } else {
            "Something that `threadtap run` needs is missing: see \"to do\" above."
        }
        .to_owned(),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// The programs and the machine, in two lines.
fn facts(record: &DoctorRecord) -> String {
    let environment = &record.environment;
    let tool = format!("{} {}", record.tool.name, record.tool.version);
    let system = record.system.as_ref().map(|s| format!(", {s}"));
    let as_whom = if record.root {
        "root"
    } else {
        "an ordinary user"
    };
    let memory = environment
        .memory_bytes
        .map(|m| format!(", {} of memory", bytes(m)));
    let mut programs = vec![
        record
            .libpcap
            .clone()
            .unwrap_or("libpcap of an unknown version".to_owned()),
    ];
    programs.push(record.tshark.clone().unwrap_or("no tshark".to_owned()));
    format!(
        "{tool} as {as_whom} on {} ({}){}\n{}{}; {}",
        environment.kernel,
        record.architecture,
        system.unwrap_or_default(),
        counted(environment.cpus, "CPU", "CPUs"),
        memory.unwrap_or_default(),
        programs.join("; ")
    )
}

fn listed(words: &[String]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(", ")
}
