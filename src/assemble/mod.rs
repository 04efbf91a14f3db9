//! From what was seen in a run to its record.
//!
//! In come everything that was seen (`Observation`) and the flows that the wire
//! shows, without owners; out go the run's record, the flows with their owners,
//! and the workers. What built-in sides noted and what tasks did become sockets,
//! the sockets are joined with the flows, and everything is counted. Pure: the
//! same facts give the same record, live or years later.
//!
//! A log may end early, because threadtap was killed. Then the moments of the
//! run are those of the last facts, and a figure that needs what is missing is
//! absent.

mod activities;
mod alone;
mod built;
mod connections;
mod counts;
mod incomplete;
mod kept;
mod lost;
mod moments;
mod open_loop;
mod own_flows;
mod plan;
mod programs;
mod served;
mod sides;
mod told;
mod unseen;
mod watch;
mod watched;
mod workers;

#[cfg(test)]
mod tests;

pub(crate) use self::kept::kept;
use self::moments::When;
use self::open_loop::DueTimes;
use self::programs::Known;
use self::sides::{ClientSide, ServerSide};
use self::told::Told;
use self::watch::Watch;
use self::watched::Watched;
use crate::activity::beside::{Accounts, Beside};
use crate::activity::outcomes::Terms;
use crate::census::Samples;
use crate::correlate;
use crate::findings::{FindingsInput, Seen, findings};
use crate::model::observation::{
    Leftovers, Observation, ObserverCost, ObserverName, SideObservation,
};
use crate::model::{
    CaptureSummary, Correlation, Exchange, FlowRecord, Latencies, Nanos, Observer, Packed,
    Quantiles, RunCensus, RunRecord, SCHEMA_RUN, Sample, Side, SideCosts, WorkerRecord,
};

/// A run, put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Assembled {
    /// Its record.
    pub run: RunRecord,
    /// Its flows, with their owners.
    pub flows: Vec<FlowRecord>,
    /// Its workers, the client's first.
    pub workers: Packed<WorkerRecord>,
}

/// Puts a run together. `flows`: what the wire shows, in the order of their
/// numbers and without owners; none where nothing was captured.
///
/// ```
/// use threadtap::analysis::flows_of_a_run;
/// use threadtap::assemble::assemble;
/// use threadtap::capfile::CaptureReader;
/// use threadtap::obsfile::gather;
///
/// let folder = std::path::Path::new("captures/golden-runs/thread");
/// let (seen, cut_off) = gather(std::fs::File::open(folder.join("observation.jsonl"))?)?;
/// assert!(cut_off.is_none());
/// let capture = std::fs::File::open(folder.join("capture.pcap"))?;
/// let port = seen.target.parse::<std::net::SocketAddr>()?.port();
/// let wire = flows_of_a_run(&mut CaptureReader::open(capture)?, port);
/// let run = assemble(&seen, wire.flows).run;
/// assert_eq!(run.correlation.client_owned, run.correlation.flows);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn assemble(observation: &Observation, mut flows: Vec<FlowRecord>) -> Assembled {
    let when = When::of(observation, &flows);
    let mut watch = Watch::of(observation, &when);
    let (client_activity, server_activity) = activities::of(observation, watch.as_mut(), &flows);
    let client = ClientSide::new(observation, client_activity.as_ref());
    let server = ServerSide::new(observation, server_activity.as_ref());
    let mut sockets = client.sockets(when.moments.client_ended);
    let reached = correlate::own_clients(&mut flows, &sockets, client.provenance());
    let none_seen = sockets.is_empty();
    // Of the others nothing more is asked; of millions they would be in the way.
    sockets.retain(|s| s.local.is_none());
    sockets.shrink_to_fit();
    server.own(&mut flows);

    // Where the log ends before the capture's own counts, its file may be there.
    let captured = observation.wire.is_some() || !flows.is_empty();
    let wire = captured.then_some(&flows[..]);
    let lossless = lost::nothing(observation);
    let hides = client_activity.as_ref();
    let hides = hides.is_some_and(|c| unseen::hides_attempts(c, &flows, lossless));
    // Whose a connection is that was made while the clock was set, no time tells.
    let knows_all = client.knows_all(none_seen, hides) && !moments::clock_was_set(observation);
    let all_own = own_flows::of(
        &flows,
        &own_flows::Known {
            sockets: knows_all.then_some(&sockets[..]),
            lossless,
            watch: watch.as_ref(),
        },
    );
    let told = Told::of(observation, &client, &server, when.moments.client_ended);
    let due = DueTimes::of(observation);
    let terms = terms(observation, &server, watch.is_some());
    let mut workers = told::workers(told.as_ref(), &client, wire, terms, due);
    server.put_workers(&mut workers);
    let seen = Seen {
        observation,
        client: client_activity.as_ref(),
        server: server_activity.as_ref(),
    };
    let beside = wire.and_then(|flows| beside(seen, (flows, &workers), &client));
    // Connections were made, and none of them passed the tap: it tells of none.
    let none_passed = all_own.is_empty() && beside.is_some_and(|beside| beside.is_all());
    let own = (captured && !none_passed).then_some(&all_own[..]);
    // What is said on a connection that began before is said all the same.
    let with_older = own_flows::with_older(own, &flows, watch.as_ref());
    let said = with_older.as_deref().or(own);
    let whole = lost::is_whole(observation);
    let mut requests = if when.no_client_ran {
        client.requests_of_none(own)
    } else {
        let known = Known {
            client: when.knows_all_of(&observation.client) && !hides,
            flows: wire,
            own,
            wire: whole && when.whole,
            terms,
        };
        let all = client.requests(reached, known);
        told.iter().fold(all, |all, told| told.counted(all))
    };
    let how = incomplete::Counted::of(observation, !client.has_noted_all());
    let incomplete = incomplete::of_both(own, said, &requests, how);
    requests.answered = incomplete::answered(&requests, &incomplete);
    let connections = connections::connections(
        (requests.attempted, client.provenance()),
        client.attempts(wire.unwrap_or_default()),
        own.filter(|_| whole && beside.is_none()),
    );
    let owned = correlation(wire, &client, &server);
    let choice = observation.header.asked.flows;
    let mut run = RunRecord {
        schema: SCHEMA_RUN.to_owned(),
        tool: observation.header.tool.clone(),
        started: observation.header.started.clone(),
        duration_ns: when.duration(observation),
        environment: observation.header.environment.clone(),
        plan: plan::told(observation, &client, &server, &flows),
        capture: capture(observation),
        requests,
        connections,
        exchanges: incomplete::exchanges(said, &incomplete),
        incomplete,
        census: census(observation, &client, &server, &when),
        latency: told
            .as_ref()
            .map_or_else(|| latencies(own, said), Told::latencies),
        open_loop: open_loop::told(observation),
        correlation: owned,
        flows_kept: wire.and_then(|flows| kept::told(flows, choice, &owned)),
        sides: costs(observation),
        observer: observer(observation, &when, &flows),
        programs: programs::told(client.program(), server.program(), &flows),
        findings: Vec::new(),
    };
    run.findings = findings(&FindingsInput {
        seen: Some(seen),
        run: &run,
        flows: &flows,
        own: Some(said.unwrap_or(&all_own)),
        workers: &workers,
    });
    Assembled {
        run,
        flows,
        workers,
    }
}

/// What is known of the answers beforehand. `left_open`: it was a watch.
fn terms(observation: &Observation, server: &ServerSide<'_>, left_open: bool) -> Terms {
    Terms {
        time: server.is_embedded(),
        left_open,
        lossy: lost::frames(observation),
    }
}

/// The connections that were made and have no flow.
fn beside(
    seen: Seen<'_>,
    (flows, workers): (&[FlowRecord], &Packed<WorkerRecord>),
    client: &ClientSide<'_>,
) -> Option<Beside> {
    let accounts = Accounts {
        seen: Some(seen.observation),
        client: seen.client,
        server: seen.server,
        workers,
        tells_client: client.tells_owners(),
    };
    Beside::of(flows, &accounts)
}

/// Threads and processes of both sides and of the system, as far as the clock tells of them.
fn census(
    observation: &Observation,
    client: &ClientSide<'_>,
    server: &ServerSide<'_>,
    when: &When,
) -> RunCensus {
    RunCensus {
        client: moments::by_a_clock(observation, client.census(when)),
        server: moments::by_a_clock(observation, server.census(when)),
        system: when.system(samples(&observation.system).system()),
    }
}

fn samples(of: &[Sample]) -> Samples {
    let mut samples = Samples::default();
    for sample in of {
        samples.add(*sample);
    }
    samples
}

fn capture(observation: &Observation) -> Option<CaptureSummary> {
    let asked = observation.header.asked.capture.as_ref()?;
    let wire = observation.wire.as_ref()?;
    Some(CaptureSummary {
        interface: asked.interface.clone(),
        link_type: wire.link_type.clone(),
        snaplen: asked.snaplen,
        filter: wire.filter.clone(),
        frames: wire.frames,
        bytes: wire.bytes,
        dropped_by_kernel: wire.dropped_by_kernel,
        dropped_by_interface: wire.dropped_by_interface,
        stop_reason: wire.stop_reason,
        files: wire.files.clone(),
    })
}

/// Where nothing was captured no flow is known.
fn correlation(
    flows: Option<&[FlowRecord]>,
    client: &ClientSide<'_>,
    server: &ServerSide<'_>,
) -> Correlation {
    let Some(flows) = flows else {
        return Correlation::default();
    };
    let count = |of: fn(&FlowRecord) -> bool| flows.iter().filter(|f| of(f)).count() as u64;
    // Where nothing was seen of what was done, nobody could have been.
    let hides = |program: Option<Watched<'_>>, of| {
        let side = program.and_then(|p| p.activity);
        side.is_some_and(|side| unseen::hides_flows(side, of, flows))
    };
    let owned = |tells: bool, hides: bool, owned: u64| {
        Some(owned).filter(|owned| tells && (*owned > 0 || !hides))
    };
    Correlation {
        flows: Some(flows.len() as u64),
        client_owned: owned(
            client.tells_owners(),
            hides(client.program(), Side::Client),
            count(|f| f.client_owner.is_some()),
        ),
        server_owned: owned(
            server.tells_owners(),
            hides(server.program(), Side::Server),
            count(|f| f.server_owner.is_some()),
        ),
    }
}

/// Of the flows that were begun, and of all on which something was said.
fn latencies(begun: Option<&[&FlowRecord]>, said: Option<&[&FlowRecord]>) -> Latencies {
    let begun = begun.unwrap_or_default().iter();
    let handshakes = begun.filter_map(|f| f.handshake?.duration());
    let exchanges = said.unwrap_or_default().iter().flat_map(|f| &f.exchanges);
    Latencies::captured(
        Quantiles::of(handshakes),
        Quantiles::of(exchanges.filter_map(Exchange::duration)),
    )
}

/// What processes that nobody followed have cost is in no side's sum, and whose
/// they were is not known. The same where nobody looked for such.
fn costs(observation: &Observation) -> SideCosts {
    if observation.leftovers != Some(Leftovers::default()) {
        return SideCosts::default();
    }
    SideCosts {
        client: observation.client.cost,
        server: observation.server.cost,
    }
}

fn observer(observation: &Observation, when: &When, flows: &[FlowRecord]) -> Observer {
    let sides = [&observation.client, &observation.server];
    let traced = sides.into_iter().filter(|s| s.is_traced());
    let by_ptrace = sides
        .map(SideObservation::observer)
        .contains(&Some(ObserverName::Ptrace));
    let costs: Option<Vec<_>> = traced.map(|s| s.observer_cost).collect();
    let costs = costs.filter(|all| !all.is_empty());
    let cpu = |all: &Vec<ObserverCost>| {
        let sum = all
            .iter()
            .fold(0i64, |sum, c| sum.saturating_add(c.cpu_ns.get()));
        Nanos::new(sum)
    };
    Observer {
        client: observation.client.observer(),
        server: observation.server.observer(),
        capture_cpu_ns: observation.wire.as_ref().and_then(|w| w.cpu_ns),
        tracer_cpu_ns: costs.as_ref().map(cpu),
        tracer_stops: costs
            .as_ref()
            .filter(|_| by_ptrace)
            .map(|all| all.iter().fold(0u64, |sum, c| sum.saturating_add(c.stops))),
        client_duration_ns: when.client_duration(observation, flows),
    }
}
