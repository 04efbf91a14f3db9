//! The record as one page of plain text.

use super::record::DoctorRecord;
use super::words::Say;
use crate::lang::Lang;

/// Writes the page.
#[must_use]
pub fn page(record: &DoctorRecord, lang: Lang) -> String {
    let say = Say::new(lang);
    let mut lines = vec![facts(say, record), String::new()];
    let wide = say.yes().len().max(say.no().len()) + 1;
    for check in &record.checks {
        let answer = if check.works { say.yes() } else { say.no() };
        let found = lang.kept(&check.found);
        lines.push(format!("{answer:<wide$} {:<8} {found}", check.name));
        if let Some(remedy) = &check.remedy {
            let indent = wide + 9;
            let (to_do, remedy) = (say.to_do(), lang.kept(remedy));
            lines.push(format!("{:<indent$} {to_do}: {remedy}", ""));
        }
    }
    lines.push(String::new());
    let named = |label: &str, all: &[String]| format!("{label:<12}{}", listed(say, all));
    lines.push(named(say.interfaces(), &record.interfaces));
    let limits = record.environment.limits.iter();
    let limits: Vec<String> = limits
        .map(|(name, limit)| {
            let limit = limit.map_or(say.unlimited().to_owned(), |n| lang.count(n));
            format!("{name} {limit}")
        })
        .collect();
    lines.push(named(say.limits(), &limits));
    lines.push(String::new());
    lines.push(
        if record.ready {
            say.ready()
        } else {
            say.missing()
        }
        .to_owned(),
    );
    lines.push(String::new());
    lines.join("\n")
}

/// The programs and the machine, in two lines.
fn facts(say: Say, record: &DoctorRecord) -> String {
    let environment = &record.environment;
    let tool = format!("{} {}", record.tool.name, record.tool.version);
    let system = record.system.as_ref().map(|s| format!(", {s}"));
    let as_whom = if record.root {
        say.root()
    } else {
        say.ordinary_user()
    };
    let memory = environment
        .memory_bytes
        .map(|m| say.memory(&say.lang.bytes(m)));
    let mut programs = vec![
        record
            .libpcap
            .clone()
            .unwrap_or(say.no_libpcap().to_owned()),
    ];
    programs.push(record.tshark.clone().unwrap_or(say.no_tshark().to_owned()));
    let here = say.tool_on(
        &tool,
        as_whom,
        &environment.kernel,
        &record.architecture,
        &system.unwrap_or_default(),
    );
    format!(
        "{here}\n{}{}; {}",
        say.cpus(environment.cpus),
        memory.unwrap_or_default(),
        programs.join("; ")
    )
}

fn listed(say: Say, words: &[String]) -> String {
    if words.is_empty() {
        return say.none().to_owned();
    }
    words.join(", ")
}
