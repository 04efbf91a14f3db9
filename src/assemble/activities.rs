//! What the tasks of both sides did.

use super::alone;
use super::watch::Watch;
use crate::activity::Activity;
use crate::model::FlowRecord;
use crate::model::observation::{Event, Observation, ObserverName, SideObservation, Trouble};

/// What the tasks of both sides did: the client's, and the server's.
pub(super) fn of(
    observation: &Observation,
    watch: Option<&mut Watch>,
    flows: &[FlowRecord],
) -> (Option<Activity>, Option<Activity>) {
    let port = port_of(&observation.target);
    let mut client = activity(observation, &observation.client, None, watch.as_deref());
    let mut server = activity(observation, &observation.server, port, watch.as_deref());
    if let Some(server) = &mut server {
        alone::conclude(server, flows);
    }
    if let Some(watch) = watch {
        watch.begin_client(client.as_mut());
    }
    (client, server)
}

/// What the tasks of a side did; `None` where not every event was told. With a
/// port, what was accepted on others is nobody's affair here.
fn activity(
    observation: &Observation,
    side: &SideObservation,
    port: Option<u16>,
    watch: Option<&Watch>,
) -> Option<Activity> {
    // What is not known in full tells of nothing how often it was.
    if !side.is_traced() || has_lost_records(observation, side) {
        return None;
    }
    let mut activity = Activity::default();
    let over = |event: &&Event| watch.is_some_and(|watch| watch.is_over_at(event));
    for event in side.events.iter().filter(|event| !over(event)) {
        activity.apply(event);
    }
    if let Some(port) = port {
        activity.sockets.keep_port(port);
    }
    Some(activity)
}

/// Whether records of the programs in the kernel were lost: then it is not known whose.
fn has_lost_records(observation: &Observation, side: &SideObservation) -> bool {
    let lost = |trouble: &Trouble| matches!(trouble, Trouble::RecordsLost { .. });
    side.observer() == Some(ObserverName::Ebpf) && observation.troubles.iter().any(lost)
}

fn port_of(target: &str) -> Option<u16> {
    let target: std::net::SocketAddr = target.parse().ok()?;
    Some(target.port())
}
