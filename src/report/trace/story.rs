//! What is told of a run, in order: what run it is, the counters, the tracks, what
//! happens on them flow by flow, the findings.

use std::collections::{BTreeMap, HashMap};
use std::io;

use super::counters::{Change, counters};
use super::lanes::{assign, wait_for_the_thread};
use super::lives::Lives;
use super::sink::{Event, Sink, Track, Value, What};
use super::slices::{Slice, Slices};
use super::told::Told;
use super::tracks::{Thread, Threads, Who};
use crate::lang::Lang;
use crate::model::{Pid, Side, Timestamp, WorkerRecord};
use crate::report::join::{join, tells_lives};
use crate::report::summary;
use crate::report::view::RunView;
use crate::report::words::Say;
use crate::text::escape::printable;

/// Tells a run.
pub(super) fn tell(view: RunView<'_>, sink: &mut dyn Sink) -> io::Result<()> {
    let workers: Vec<WorkerRecord> = view.workers.iter().collect();
    let joined = join(view.flows, &workers);
    let lives = Lives::of(view.run, &workers);
    let mut threads = Threads::default();
    let mut slices = Slices::default();
    for (place, flow) in view.flows.iter().enumerate() {
        slices.begin(place);
        let told = [joined.client[place], joined.server[place]];
        slices.of_flow(flow, told, &lives, &mut threads);
    }
    for (place, line) in joined.others.iter().enumerate() {
        slices.begin(view.flows.len() + place);
        let whole = tells_lives(view.run, line.side);
        slices.of_line(line, whole, &lives, &mut threads);
    }
    let mut slices = slices.all;
    wait_for_the_thread(&mut slices);
    let lanes = assign(&mut slices, threads.all().len());
    let counters = counters(view);
    let changed = counters.iter().flat_map(|(_, changes)| changes);
    let times = slices.iter().flat_map(|s| [s.from, s.to]);
    let times = times.chain(changed.map(|(at, _)| *at));
    let (zero, end) = times.fold((None, None), |(zero, end): (Option<Timestamp>, _), at| {
        (Some(zero.map_or(at, |z| z.min(at))), end.max(Some(at)))
    });
    let zero = zero.unwrap_or_default();
    sink.start(zero)?;
    let mut told = Told::new(sink, zero);
    run(&mut told, view)?;
    write_counters(&mut told, &counters)?;
    write_tracks(&mut told, threads.all(), &lanes)?;
    let mut rest = &slices[..];
    for (place, flow) in view.flows.iter().enumerate() {
        let (of_flow, after) = split(rest, place);
        rest = after;
        told.flow(flow, of_flow, &joined, place)?;
    }
    for (place, line) in joined.others.iter().enumerate() {
        let (of_line, after) = split(rest, view.flows.len() + place);
        rest = after;
        told.line(line, of_line)?;
    }
    findings(&mut told, view, end.unwrap_or_default())?;
    told.sink.end()
}

/// The slices of an owner, and those after them.
fn split(slices: &[Slice], owner: usize) -> (&[Slice], &[Slice]) {
    let own = |s: &&Slice| s.owner as usize == owner;
    slices.split_at(slices.iter().take_while(own).count())
}

/// What run it is.
fn run(told: &mut Told<'_>, view: RunView<'_>) -> io::Result<()> {
    let run = view.run;
    let track = told.new_track(Track::Other { name: "run" })?;
    let title = summary::title(Say::new(Lang::En), run).text;
    let tool = format!("{} {}", run.tool.name, run.tool.version);
    let [title, tool, started, target, kernel] = [
        &title,
        &tool,
        &run.started,
        &run.plan.target,
        &run.environment.kernel,
    ]
    .map(|text| printable(text));
    let clock = format!(
        "nanoseconds; 0 is {} ns after the Unix epoch, by the capture's clock (CLOCK_REALTIME)",
        told.zero.as_nanos()
    );
    told.sink.event(Event {
        track,
        at: 0,
        what: What::Note(&title),
        arrow: None,
        details: &[
            ("tool", Value::Text(&tool)),
            ("started", Value::Text(&started)),
            ("target", Value::Text(&target)),
            ("kernel", Value::Text(&kernel)),
            ("clock", Value::Text(&clock)),
        ],
    })
}

fn write_counters(told: &mut Told<'_>, counters: &[(&'static str, Vec<Change>)]) -> io::Result<()> {
    for (name, changes) in counters {
        let track = told.new_track(Track::Counter { name })?;
        for (at, value) in changes {
            let at = told.at(*at);
            told.sink.count(track, at, *value)?;
        }
    }
    Ok(())
}

/// The tracks of the threads, process by process, the client first.
fn write_tracks(told: &mut Told<'_>, threads: &[Thread], lanes: &[u32]) -> io::Result<()> {
    let mut processes: BTreeMap<(Side, Pid), u32> = BTreeMap::new();
    let pids = threads.iter().map(|t| t.who);
    let pids = pids.filter_map(|who| Some((who.side, who.numbers?.0)));
    processes.extend(pids.map(|process| (process, 0)));
    for ((side, pid), id) in &mut processes {
        let name = side.name();
        *id = told.new_track(Track::Process { pid: *pid, name })?;
    }
    let mut seen = HashMap::new();
    for (thread, lanes) in threads.iter().zip(lanes) {
        let mut name = thread.name();
        let Who { side, numbers, .. } = thread.who;
        let known = numbers.and_then(|of| Some((of, *processes.get(&(side, of.0))?)));
        // Which life of its number it is, from 1.
        let life = numbers.map_or(1, |(pid, tid)| {
            let lives = seen.entry((side, pid, tid)).or_insert(0_u32);
            *lives += 1;
            *lives
        });
        if let Some((_, tid)) = numbers.filter(|_| life > 1) {
            name = format!("{name}, tid {tid}, life {life}");
        }
        let first = told.new_track(match known {
            Some(((pid, _), process)) if life > 1 => Track::Again {
                process,
                pid,
                name: &name,
            },
            Some(((pid, tid), process)) => Track::Thread {
                process,
                pid,
                tid,
                name: &name,
            },
            None => Track::Other { name: &name },
        })?;
        told.base.push(first);
        for nth in 1..*lanes {
            told.new_track(Track::Lane {
                of: first,
                pid: numbers.map(|(pid, _)| pid),
                nth,
                name: &name,
            })?;
        }
    }
    Ok(())
}

fn findings(told: &mut Told<'_>, view: RunView<'_>, end: Timestamp) -> io::Result<()> {
    if view.run.findings.is_empty() {
        return Ok(());
    }
    let track = told.new_track(Track::Other { name: "findings" })?;
    for finding in &view.run.findings {
        let [code, message] = [&finding.code, &finding.message].map(|text| printable(text));
        told.sink.event(Event {
            track,
            at: told.at(end),
            what: What::Note(&code),
            arrow: None,
            details: &[
                ("severity", Value::Text(finding.severity.name())),
                ("message", Value::Text(&message)),
            ],
        })?;
    }
    Ok(())
}
