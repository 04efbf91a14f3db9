//! What is said of a watch: of connections that were there, of clients that nobody
//! named, and nothing of what a watch cannot know.

use serde_json::json;

use super::evidence;
use super::scene::Scene;
use crate::model::observation::{
    AskedClient, AskedServer, Fact, KernelLook, ObserverName, Trouble,
};
use crate::model::{Close, Nanos, ServerKind, Severity, Side, StopReason, Timestamp};

/// Twenty flows of a client that was there (`attached`: its process was named), of which
/// this many had begun before.
pub(super) fn of_a_watch(attached: bool, before: usize) -> Scene {
    let mut scene = if attached {
        Scene::of_programs()
    } else {
        Scene::normal()
    };
    scene.observation.header.asked.client = AskedClient::Existing { attached };
    scene.observation.header.asked.server = AskedServer::Existing { attached: false };
    let plan = &mut scene.fixture.run.plan;
    plan.watched = true;
    plan.server = ServerKind::Existing;
    if !attached {
        plan.strategy = None;
        scene.observation.client.started = None;
        scene.fixture.run.correlation.client_owned = None;
    }
    scene.fixture.capture().stop_reason = StopReason::Left;
    let first = |scene: &Scene, n: usize| -> Timestamp {
        let flow = &scene.fixture.flows[n];
        flow.handshake.map_or(flow.first_ns, |h| h.syn_ns)
    };
    let mut moments: Vec<Timestamp> = (0..20).map(|n| first(&scene, n)).collect();
    moments.sort_unstable();
    let at = moments[before].plus(Nanos::new(-1));
    let look = KernelLook {
        at,
        ..KernelLook::default()
    };
    scene.observation.add(Fact::Kernel(look));
    scene
}

/// Scenes in which the rules of a watch speak.
pub(super) fn scenes() -> Vec<Scene> {
    let mut sampled = of_a_watch(true, 1);
    sampled.started(
        Side::Client,
        ObserverName::Proc,
        Some(vec!["client".to_owned()]),
    );
    sampled.trouble(Trouble::KernelRefused {
        reason: "bpf(2) refuses a map (EPERM)".to_owned(),
    });
    let mut others = of_a_watch(true, 0);
    others.fixture.flows[3].client_owner = None;
    vec![of_a_watch(false, 2), sampled, others]
}

#[test]
fn what_was_there_before_is_told_as_such() {
    let finding = of_a_watch(true, 3).one("begun_before");
    assert_eq!(finding.severity, Severity::Info);
    assert_eq!(evidence(&finding), json!({"flows": 3, "requests": 3}));
    assert!(
        finding.message.contains("nor as failed"),
        "{}",
        finding.message
    );
    let mut half_open = of_a_watch(true, 0);
    half_open.silent("begun_before");
    half_open.fixture.flows[5].handshake = None;
    assert_eq!(half_open.one("begun_before").evidence["flows"], 1);
    // Its SYN may have been lost.
    half_open.fixture.capture().dropped_by_kernel = Some(3);
    half_open.silent("begun_before");
    Scene::normal().silent("begun_before");
}

#[test]
fn who_the_clients_are_is_not_known_unless_one_is_named() {
    let finding = of_a_watch(false, 0).one("clients_on_the_wire");
    assert_eq!(evidence(&finding), json!({"flows": null}));
    assert!(finding.message.contains("--pid PID"), "{}", finding.message);
    of_a_watch(true, 0).silent("clients_on_the_wire");
    let mut others = of_a_watch(true, 0);
    others.fixture.flows[3].client_owner = None;
    let finding = others.one("clients_on_the_wire");
    assert_eq!(evidence(&finding), json!({"flows": 1}));
    // One that the client had before is its own.
    let client = others.fixture.flows[3].client;
    others.observation.client.found.push(client);
    others.silent("clients_on_the_wire");
    Scene::normal().silent("clients_on_the_wire");
}

#[test]
fn what_may_still_come_has_not_failed() {
    let mut scene = of_a_watch(false, 0);
    let flow = &mut scene.fixture.flows[4];
    flow.close = Close::Open;
    flow.exchanges[0].response_ns = None;
    flow.exchanges[0].valid = None;
    flow.server_payload_bytes = 0;
    flow.server_owner = None;
    for code in ["unanswered_flows", "unowned_flows", "linger_timeout"] {
        scene.silent(code);
    }
}

#[test]
fn without_programs_in_the_kernel_it_is_said_what_is_lost() {
    let mut scene = of_a_watch(false, 0);
    let reason = "bpf(2) refuses a program (EPERM): it needs root".to_owned();
    scene.trouble(Trouble::KernelRefused { reason });
    let said = scene.one("ebpf_not_allowed").message;
    assert!(
        said.contains("Which threads connect and serve is not known"),
        "{said}"
    );
}

/// Nobody saved what it printed.
#[test]
fn no_log_is_named_that_is_not_there() {
    let mut scene = of_a_watch(true, 0);
    scene.ended(Side::Client, Some(crate::model::Exit::Code(3)), false);
    let said = scene.one("client_exit").message;
    assert!(!said.contains("client.log"), "{said}");
}
