//! What was to be done, and where it was done.

use super::page::{Page, foreign, moment};
use super::words::Say;
use super::{Parts, methods};
use crate::model::{CompareRow, Environment, LimitName, Tool};

/// The task, and a row for each run.
pub(super) fn task(say: Say, parts: &Parts<'_>, page: &mut Page) {
    let mut sentences = Vec::new();
    let built_in = |row: &CompareRow| row.strategy.is_some();
    let mut compared = parts.compared.iter().flat_map(|(_, record)| &record.rows);
    if parts.records().any(methods::speaks_time) || compared.any(built_in) {
        sentences.push(say.task_time());
    }
    if !parts.runs.is_empty() || !parts.compared.is_empty() {
        sentences.push(say.task_questions());
    }
    if !parts.ceilings.is_empty() {
        sentences.push(say.task_limits());
    }
    sentences.push(say.task_measured());
    page.sentences(&sentences);
    let rows: Vec<Vec<String>> = parts
        .runs
        .iter()
        .map(|part| {
            let run = part.view.run;
            vec![
                foreign(part.name),
                methods::client(say, run),
                methods::server(say, run),
                say.cell(run.requests.submitted),
                moment(&run.started),
                say.time(run.duration_ns),
            ]
        })
        .collect();
    page.table(
        "lllrlr",
        &[
            &say.t_run(),
            &say.t_client(),
            &say.t_server(),
            &say.t_requests(),
            &say.t_started(),
            &say.t_duration(),
        ],
        &rows,
    );
    let mut others = Vec::new();
    for (name, record) in &parts.compared {
        others.push(say.task_compare(
            &foreign(name),
            &moment(&record.started),
            &say.runs(record.plan.repeat),
        ));
    }
    for (name, record) in &parts.ceilings {
        others.push(say.task_ceiling(&foreign(name), &moment(&record.started)));
    }
    page.list(&others);
}

/// Where each part was made; the same place is told once.
pub(super) fn environment(say: Say, parts: &Parts<'_>, page: &mut Page) {
    let runs = parts.runs.iter().map(|part| {
        let run = part.view.run;
        (part.name, &run.environment, &run.tool)
    });
    let compared = parts.compared.iter().filter_map(|(name, record)| {
        let environment = record.environment.as_ref()?;
        Some((*name, environment, &record.tool))
    });
    let ceilings = parts.ceilings.iter();
    let ceilings = ceilings.map(|(name, record)| (*name, &record.environment, &record.tool));
    let mut places: Vec<(&Environment, &Tool, Vec<&str>)> = Vec::new();
    for (name, environment, tool) in runs.chain(compared).chain(ceilings) {
        let known = places
            .iter_mut()
            .find(|(at, by, _)| *at == environment && *by == tool);
        match known {
            Some((_, _, names)) => names.push(name),
            None => places.push((environment, tool, vec![name])),
        }
    }
    if places.is_empty() {
        page.sentences(&[say.environment_unknown()]);
    }
    let several = places.len() > 1;
    for (environment, tool, names) in places {
        if several {
            let names: Vec<String> = names.into_iter().map(foreign).collect();
            page.sentences(&[say.environment_of(&say.list(&names))]);
        }
        place(say, environment, tool, page);
    }
}

fn place(say: Say, environment: &Environment, tool: &Tool, page: &mut Page) {
    let memory = environment.memory_bytes;
    let memory = memory.map_or_else(|| say.cell(None), |bytes| say.lang.bytes(bytes));
    let mut rows = vec![
        vec![say.env_kernel(), foreign(&environment.kernel)],
        vec![say.env_cpus(), say.n(environment.cpus)],
        vec![say.env_memory(), memory],
        vec![
            say.env_tool(),
            foreign(&format!("{} {}", tool.name, tool.version)),
        ],
    ];
    for (name, value) in &environment.limits {
        let in_bytes = LimitName::from_name(name).is_some_and(LimitName::in_bytes);
        let value = match value {
            None => say.cell(None),
            Some(n) if in_bytes => say.lang.bytes(*n),
            Some(n) => say.n(*n),
        };
        rows.push(vec![foreign(name), value]);
    }
    page.table("ll", &[&say.t_property(), &say.t_value()], &rows);
    if environment.limits.values().any(Option::is_none) {
        page.sentences(&[say.limit_absent()]);
    }
}
