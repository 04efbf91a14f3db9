//! The programs without threadtap: they must be right before they can be used
//! to find fault.

use super::common::Lab;
use super::common::need::Need::{Ipv6, Root, Tool};
use super::own::Own;
use super::pairs::PAIRS;
use super::stage::Stage;
use crate::require;

/// Both said that all was well, and saw the same connections.
#[track_caller]
fn alone(server: &[&str], client: &[&str]) -> (Own, Own) {
    let (status, client_said, server_said) = Stage::new(server).alone(client);
    assert_eq!(client_said.failed, Vec::<serde_json::Value>::new());
    assert_eq!(server_said.failed, Vec::<serde_json::Value>::new());
    assert_eq!(status, Some(0), "{client:?} {client_said:?}");
    let connections =
        |own: &Own, kind: &str| own.by_connection(kind).into_keys().collect::<Vec<_>>();
    let connected = connections(&client_said, "connected");
    assert!(!connected.is_empty(), "{client:?}");
    assert_eq!(
        connections(&server_said, "accepted"),
        connected,
        "{client:?}"
    );
    if !client.contains(&"leave") {
        for kind in ["received", "sent"] {
            assert_eq!(
                connections(&server_said, kind),
                connected,
                "{client:?} {kind}"
            );
        }
    }
    assert!(client_said.came_to_its_end() && server_said.came_to_its_end());
    (client_said, server_said)
}

#[test]
fn every_pair() {
    require!(Tool("cc"), Tool("python3"));
    for pair in PAIRS {
        let (client, _) = alone(pair.server, pair.client);
        let connects = client.total("connects");
        let told = client.by_connection("connected").len() as u64;
        assert!(connects.is_none_or(|c| c == told), "{:?}", pair.client);
    }
}

#[test]
fn programs_of_which_more_is_asked_elsewhere() {
    require!(Tool("cc"), Tool("python3"));
    let server = ["epoll_server", "{port}"];
    for client in [
        &["eintr", "{port}"][..],
        &["ptracer", "{port}"],
        &["seccomp_client", "refuse", "{port}", "3"],
        &["inherit", "{port}"],
        &["hidden_client", "{port}", "3"],
        &["odd_connects", "{port}", "9", "fastopen"],
        &["strict_client", "prctl", "{port}", "2"],
        &["crowd_client", "threads", "{port}", "500", "5"],
        &["crowd_client", "processes", "{port}", "500", "5"],
        &["port_client.py", "status", "{port}", "0"],
    ] {
        alone(&server, client);
    }
}

#[test]
fn ipv6_and_mapped_addresses() {
    require!(Ipv6, Tool("cc"));
    for server in ["thread_server", "epoll_server", "relay_server"] {
        for host in ["::1", "::ffff:127.0.0.1", "127.0.0.1"] {
            alone(
                &[server, "{port}", "::", "read"],
                &["thread_client", "{port}", "5", host, "read"],
            );
        }
    }
}

#[test]
fn a_clone_in_a_namespace() {
    require!(Root, Tool("cc"));
    let (client, _) = alone(&["epoll_server", "{port}"], &["clones", "pidns", "{port}"]);
    assert_eq!(
        client.by_connection("connected").values().next(),
        Some(&(1, 1))
    );
}

/// A process of its lab that nobody ended would be seen.
#[test]
fn what_is_left_is_found() {
    let lab = Lab::new();
    let mut child = lab.command("sleep").arg("60").spawn().unwrap();
    super::common::until("it is seen", || lab.left().len() == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(lab.left(), Vec::<String>::new());
}
