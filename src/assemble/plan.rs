//! What was asked for, and what is concluded of it where that is not known.

use super::sides::{ClientSide, ServerSide};
use crate::model::observation::{AskedClient, AskedProgram, AskedServer, Observation};
use crate::model::{FlowRecord, Inferred, Plan, ServerKind, Strategy};

pub(super) fn told(
    observation: &Observation,
    client: &ClientSide<'_>,
    server: &ServerSide<'_>,
    flows: &[FlowRecord],
) -> Plan {
    let asked = &observation.header.asked;
    let kind = match asked.server {
        AskedServer::Embedded { .. } => ServerKind::Embedded,
        AskedServer::Program => ServerKind::Command,
        AskedServer::Existing { .. } => ServerKind::Existing,
    };
    let (server_model, server_evidence) = server.model(flows);
    let (strategy, workers, client_evidence) = client.strategy(flows);
    let programs = &asked.programs;
    let folder = |program: &Option<AskedProgram>| program.as_ref()?.folder.clone();
    let command = |program: &Option<AskedProgram>| Some(program.as_ref()?.command.clone());
    let told = Plan {
        strategy,
        requests: None,
        workers,
        target: observation.target.clone(),
        server: kind,
        server_model,
        // One that could not be started was asked for all the same.
        client_command: client.command().or_else(|| command(&programs.client)),
        server_command: server
            .command()
            .filter(|_| kind == ServerKind::Command)
            .or_else(|| command(&programs.server)),
        client_cwd: folder(&programs.client),
        server_cwd: folder(&programs.server),
        inferred: Inferred {
            client: client_evidence,
            server: server_evidence,
        },
        joined: None,
        gate: false,
        max_in_flight: None,
        timeout_ns: None,
        isolated: asked.isolated,
        watched: asked.is_watch(),
    };
    match &asked.client {
        AskedClient::BuiltIn {
            strategy,
            requests,
            workers,
            join,
            gate,
            max_in_flight,
            timeout_ns,
            ..
        } => Plan {
            strategy: Some(*strategy),
            requests: Some(*requests),
            workers: workers.filter(|_| *strategy == Strategy::Pool),
            joined: Some(*join),
            gate: *gate,
            max_in_flight: *max_in_flight,
            timeout_ns: Some(*timeout_ns),
            ..told
        },
        AskedClient::Program { requests } => Plan {
            requests: *requests,
            ..told
        },
        AskedClient::Existing { .. } => told,
    }
}
