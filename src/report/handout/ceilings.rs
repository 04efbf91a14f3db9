//! The most threads, processes and connections, and what limits them: by a search, or
//! else by the limits that stood when a run was made.

use super::Parts;
use super::page::{Page, code, foreign};
use super::words::Say;
use crate::model::{
    Binding, CeilingKind, CeilingRecord, Environment, KindCeiling, LimitName, StoppedBy,
};

/// Whether there is anything to say.
pub(super) fn is_known(parts: &Parts<'_>) -> bool {
    let searched = parts
        .ceilings
        .iter()
        .any(|(_, record)| !record.kinds.is_empty());
    searched || environment(parts).is_some_and(|e| bounds(e).is_some())
}

/// The section.
pub(super) fn section(say: Say, parts: &Parts<'_>, page: &mut Page) {
    let searched: Vec<_> = parts
        .ceilings
        .iter()
        .filter(|(_, r)| !r.kinds.is_empty())
        .collect();
    for (name, record) in &searched {
        if searched.len() > 1 {
            page.heading(3, &foreign(name));
        }
        search(say, record, page);
    }
    if searched.is_empty()
        && let Some(environment) = environment(parts)
    {
        by_limits(say, environment, page);
    }
}

/// Of the runs, where all of them were made in the same one.
fn environment<'a>(parts: &Parts<'a>) -> Option<&'a Environment> {
    let mut all = parts.records().map(|run| &run.environment);
    let first = all.next()?;
    all.all(|other| other.limits == first.limits)
        .then_some(first)
}

fn search(say: Say, record: &CeilingRecord, page: &mut Page) {
    let rows: Vec<Vec<String>> = record
        .kinds
        .iter()
        .map(|kind| {
            let binding = kind.binding.as_ref();
            vec![
                of_what(say, kind.kind),
                binding.map_or_else(|| say.cell(None), |b| foreign(b.name.name())),
                say.cell(kind.very_end),
                say.cell(kind.predicted),
                say.cell(kind.reached),
            ]
        })
        .collect();
    page.table(
        "llrrr",
        &[
            &say.t_of_what(),
            &say.t_limit_first(),
            &say.t_allowed(),
            &say.t_predicted(),
            &say.t_reached(),
        ],
        &rows,
    );
    page.list(
        &record
            .kinds
            .iter()
            .map(|kind| kind_told(say, record, kind))
            .collect::<Vec<_>>(),
    );
}

fn of_what(say: Say, kind: CeilingKind) -> String {
    match kind {
        CeilingKind::Thread => say.kind_threads(),
        CeilingKind::Process => say.kind_processes(),
        CeilingKind::Connection => say.kind_connections(),
    }
}

/// What was found of a kind, as an item of a list.
fn kind_told(say: Say, record: &CeilingRecord, kind: &KindCeiling) -> String {
    let mut sentences = Vec::new();
    match (kind.reached, kind.predicted) {
        (Some(n), _) => {
            sentences.push(say.ceiling_reached(&say.n(n)));
            sentences.extend(ended(say, record, kind));
        }
        (None, Some(n)) => sentences.push(say.ceiling_predicted(&say.n(n))),
        (None, None) => sentences.push(say.ceiling_unknown()),
    }
    if let Some(stack) = kind.stack_bytes {
        sentences.push(say.ceiling_stack(&say.lang.bytes(stack)));
    }
    match &kind.binding {
        Some(binding) => sentences.extend(binds(say, kind, binding)),
        None if kind.reached.is_some() => sentences.push(say.ceiling_no_binding()),
        None => {}
    }
    format!("**{}**: {}", of_what(say, kind.kind), sentences.join(" "))
}

/// How the search ended.
pub(super) fn ended(say: Say, record: &CeilingRecord, kind: &KindCeiling) -> Option<String> {
    Some(match kind.stopped_by? {
        StoppedBy::Refused => match (&kind.call, &kind.errno) {
            (Some(call), Some(errno)) => say.ceiling_refused_by(&foreign(call), &foreign(errno)),
            (None, Some(errno)) => say.ceiling_refused_with(&foreign(errno)),
            _ => say.ceiling_refused(),
        },
        StoppedBy::Reserve => say.ceiling_reserve(&say.n(record.reserve_percent)),
        StoppedBy::Max => say.ceiling_max(),
        StoppedBy::Interrupted => say.ceiling_interrupted(),
        StoppedBy::Oom => say.ceiling_oom(),
        StoppedBy::Killed => say.ceiling_killed(),
    })
}

fn binds(say: Say, kind: &KindCeiling, binding: &Binding) -> Vec<String> {
    let figure = |n: u64| {
        if binding.name.in_bytes() {
            say.lang.bytes(n)
        } else {
            say.n(n)
        }
    };
    let name = match &binding.path {
        Some(path) => format!("{} ({})", foreign(binding.name.name()), foreign(path)),
        None => foreign(binding.name.name()),
    };
    let mut sentences = Vec::new();
    let refused = kind.stopped_by == Some(StoppedBy::Refused);
    sentences.push(match (binding.suspected, refused) {
        (true, _) => say.binding_suspected(&name),
        (false, true) => say.binding_reached(&name),
        (false, false) => say.binding_next(&name),
    });
    match (binding.value, binding.in_use) {
        (Some(value), Some(used)) if binding.in_use_at_least => {
            sentences.push(say.binding_value_used_at_least(&figure(value), &figure(used)));
        }
        (Some(value), Some(used)) => {
            sentences.push(say.binding_value_used(&figure(value), &figure(used)));
        }
        (Some(value), None) => sentences.push(say.binding_value(&figure(value))),
        (None, _) => {}
    }
    sentences.extend(
        binding
            .remedy
            .as_ref()
            .map(|r| say.binding_remedy(&code(r))),
    );
    sentences
}

/// What the limits of the system bound: the most tasks, and by which limit.
fn bounds(environment: &Environment) -> Option<(u64, LimitName)> {
    let value = |name: LimitName| environment.limits.get(name.name()).copied().flatten();
    let threads = value(LimitName::ThreadsMax).map(|n| (n, LimitName::ThreadsMax));
    // Numbers begin at 1 and end below it (proc(5)).
    let numbers = value(LimitName::PidMax).map(|n| (n.saturating_sub(1), LimitName::PidMax));
    threads.into_iter().chain(numbers).min_by_key(|(n, _)| *n)
}

fn by_limits(say: Say, environment: &Environment, page: &mut Page) {
    let Some((most, by)) = bounds(environment) else {
        return;
    };
    let mut sentences = vec![
        say.limits_no_search(),
        say.limits_most(&say.n(most), &foreign(by.name())),
    ];
    let user = environment.limits.get(LimitName::Nproc.name()).copied();
    // One that allows more than the system does says nothing.
    if let Some(Some(n)) = user
        && n < most
    {
        sentences.push(say.limits_user(&say.n(n)));
    }
    page.sentences(&sentences);
}
