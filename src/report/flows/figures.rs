//! The figures of a capture, and what could not be told.
//!
//! The summary of the analysis comes in; blocks go out.

use crate::analysis::AnalysisSummary;
use crate::model::{Close, Incomplete, IncompleteFigure, LinkType};
use crate::report::sheet::{Block, Cell, Tone};
use crate::report::words::Say;

/// A figure that is not known exactly.
pub(super) fn at_least(say: Say, least: Option<u64>) -> String {
    match least {
        Some(n) if n > 0 => say.at_least(&say.n(n)),
        _ => "—".to_owned(),
    }
}

fn exchanges(say: Say, s: &AnalysisSummary) -> String {
    let figure = |n: Option<u64>, name: &str| {
        let figure = s.incomplete.get(&format!("exchanges.{name}"));
        n.map_or_else(
            || at_least(say, figure.and_then(|f| f.at_least)),
            |n| say.n(n),
        )
    };
    say.exchanges_of(
        &figure(s.exchanges.requests, "requests"),
        &figure(s.exchanges.answered, "answered"),
        &figure(s.exchanges.time_valid, "time_valid"),
        &figure(s.exchanges.time_invalid, "time_invalid"),
    )
}

/// What could not be told, a row a reason.
fn unknown(say: Say, s: &AnalysisSummary) -> Vec<(&'static str, Cell)> {
    let told = |reason: Incomplete| {
        // Evicted flows have a row of their own.
        let of = |f: &IncompleteFigure| f.flows.get(reason.name()).copied();
        let touched = s.incomplete.iter().filter(|(_, f)| of(f).is_some());
        let flows = s.incomplete.values().find_map(of)?;
        let names: Vec<String> = touched.map(|(path, _)| spoken(say, path)).collect();
        let reason = say.lang.incomplete(reason);
        let text = say.reason_of(&names.join(", "), reason, &say.flows(flows));
        Some((say.not_exact(), Cell::new(text).toned(Tone::Warning)))
    };
    let but_evicted = Incomplete::ALL
        .into_iter()
        .filter(|r| *r != Incomplete::Evicted);
    but_evicted.filter_map(told).collect()
}

/// What can be said of frames that gave nothing.
fn skips_explained(say: Say, s: &AnalysisSummary) -> String {
    let in_tunnels = s.skipped.get("tunnel").is_some_and(|n| *n > 0) && !s.tunnels;
    let hint = in_tunnels.then(|| say.look_into_tunnels().to_owned());
    let links = s.unsupported_links.iter().map(|(number, frames)| {
        let link = number.parse().map(LinkType);
        let name = link.ok().and_then(LinkType::name_of_unsupported);
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        say.link_type(number, &name, &say.frames(*frames))
    });
    hint.into_iter().chain(links).collect()
}

/// How flows ended, by its name in records.
fn closed(say: Say, name: &str) -> String {
    let close = Close::ALL.into_iter().find(|close| close.name() == name);
    close.map_or(name, |close| say.close(close)).to_owned()
}

/// Why frames gave nothing, by its name in records.
fn skipped(say: Say, name: &str) -> String {
    match name {
        "unsupported_link" => say.s_unsupported_link(),
        "not_ip" => say.s_not_ip(),
        "not_tcp" => say.s_not_tcp(),
        "later_fragment" => say.s_later_fragment(),
        "tunnel" => say.s_tunnel(),
        "encrypted" => say.s_encrypted(),
        "truncated" => say.s_truncated(),
        "malformed" => say.s_malformed(),
        // Of a record that is newer than this.
        other => other,
    }
    .to_owned()
}

/// A figure's path in words.
fn spoken(say: Say, path: &str) -> String {
    match path {
        "exchanges.requests" => say.f_requests(),
        "exchanges.answered" => say.f_answered(),
        "exchanges.time_valid" => say.f_valid(),
        "exchanges.time_invalid" => say.f_invalid(),
        "latency.exchange" => say.f_latency(),
        // Of a record that is newer than this.
        path => path.rsplit('.').next().unwrap_or(path),
    }
    .to_owned()
}

/// What was counted.
pub(super) fn figures(say: Say, s: &AnalysisSummary) -> Block {
    let list = |map: &std::collections::BTreeMap<String, u64>, told: fn(Say, &str) -> String| {
        let mut all: Vec<(&String, &u64)> = map.iter().collect();
        all.sort_by_key(|(name, n)| (std::cmp::Reverse(**n), (*name).clone()));
        let words: Vec<String> = all
            .iter()
            .map(|(name, n)| format!("{} {}", say.n(**n), told(say, name)))
            .collect();
        if words.is_empty() {
            say.nothing().to_owned()
        } else {
            words.join(", ")
        }
    };
    let mut facts = vec![
        (
            say.flows_label(),
            Cell::new(say.whole_handshakes(&say.n(s.flows), &say.n(s.handshakes))),
        ),
        (
            say.states(),
            Cell::new(list(&s.states, |_, state| state.to_owned())),
        ),
        (say.closes(), Cell::new(list(&s.closes, closed))),
        (
            say.segments_label(),
            Cell::new(say.segments_of(
                &say.n(s.tcp_segments),
                &say.n(s.retransmissions),
                &say.n(s.out_of_order),
                &say.n(s.duplicate_acks),
                &say.n(s.zero_windows),
                &say.n(s.syn_retransmissions),
            )),
        ),
        (say.exchanges(), Cell::new(exchanges(say, s))),
    ];
    facts.extend(unknown(say, s));
    facts.push((
        say.skipped(),
        Cell::new(list(&s.skipped, skipped) + &skips_explained(say, s)),
    ));
    if let Some(filter) = &s.filter {
        facts.push((say.filter(), Cell::new(say.only_matching(filter))));
    }
    if s.evicted > 0 {
        let text = say.evicted_early(&say.flows(s.evicted));
        facts.push((say.evicted(), Cell::new(text).toned(Tone::Warning)));
    }
    Block::Facts {
        heading: say.summary(),
        facts,
    }
}

/// Files that were not read completely.
pub(super) fn damage(say: Say, s: &AnalysisSummary) -> Option<Block> {
    let damaged: Vec<(&'static str, Cell)> = s
        .files
        .iter()
        .filter_map(|f| {
            let damage = f.damage.as_ref()?;
            let text = format!("{}: {damage}", f.name);
            Some((say.damaged(), Cell::new(text).toned(Tone::Warning)))
        })
        .collect();
    (!damaged.is_empty()).then_some(Block::Facts {
        heading: say.not_read(),
        facts: damaged,
    })
}
