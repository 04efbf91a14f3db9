//! Model `async`: one thread with an event loop serves every connection.

use std::io;
use std::os::fd::AsFd;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;

use super::Server;
use super::acceptor::{REST, is_exhaustion};
use super::connection::LAST_CALL;
use crate::lab::protocol::RequestLines;
use crate::notes::ConnectionPen;
use crate::sys::{clock, process};

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, accept_all(server, ready))
}

async fn accept_all(server: &'static Server, ready: impl FnOnce()) -> io::Result<()> {
    let listener = TcpListener::from_std(server.listener.try_clone()?.into())?;
    let stop = pipe::Receiver::from_owned_fd(server.stop.as_fd().try_clone_to_owned()?)?;
    let (stopping, _) = watch::channel(false);
    let mut serving = JoinSet::new();
    ready();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.readable() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let pen = server.pen_for(peer);
                serving.spawn_local(serve(server, stream, pen, stopping.subscribe()));
                while serving.try_join_next().is_some() {}
            }
            Err(e) if is_exhaustion(&e) => {
                server.refused_descriptor(&e);
                tokio::time::sleep(REST).await;
            }
            // The peer was gone before it was accepted.
            Err(_) => {}
        }
    }
    // What the accept queue holds has been told that it is connected.
    // No more than it can hold: others may come as fast as they are taken.
    for _ in 0..=server.plan.backlog {
        let Ok(accepted) = server.accept() else {
            break;
        };
        if let Ok(stream) = TcpStream::from_std(accepted.socket.into()) {
            serving.spawn_local(serve(server, stream, accepted.pen, stopping.subscribe()));
        }
    }
    let _ = stopping.send(true);
    while serving.join_next().await.is_some() {}
    Ok(())
}

async fn serve(
    server: &'static Server,
    mut stream: TcpStream,
    pen: ConnectionPen<'static>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut over = stopping.clone();
    // A failure is the peer's or the system's; either way it is over.
    tokio::select! {
        _ = talk(server, &mut stream, pen, &mut stopping) => {}
        () = grace(server, &mut over) => {}
    }
    pen.closed(clock::now());
}

/// Until the server is to end and its grace has passed.
async fn grace(server: &'static Server, stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone: then it is over, too.
    if stopping.wait_for(|stopping| *stopping).await.is_ok() {
        tokio::time::sleep(server.grace_left()).await;
    }
}

async fn talk(
    server: &'static Server,
    stream: &mut TcpStream,
    pen: ConnectionPen<'static>,
    stopping: &mut watch::Receiver<bool>,
) -> io::Result<()> {
    let mut lines = RequestLines::default();
    let mut chunk = [0u8; 1024];
    let mut first = true;
    let mut answered = false;
    loop {
        let patience = if *stopping.borrow() {
            LAST_CALL.min(server.plan.idle_timeout)
        } else {
            server.plan.idle_timeout
        };
        let received = tokio::select! {
            biased;
            received = timeout(patience, stream.read(&mut chunk)) => received,
            _ = stopping.changed() => {
                if answered {
                    return Ok(());
                }
                continue;
            }
        };
        let n = received.map_err(|_| io::ErrorKind::TimedOut)??;
        if first {
            first = false;
            pen.served(process::pid(), process::tid(), clock::now());
        }
        if n == 0 {
            return Ok(());
        }
        let todo = lines.feed(&chunk[..n]);
        if todo.answers > 0 {
            let bytes = server.answers(todo.answers);
            timeout(server.plan.idle_timeout, stream.write_all(&bytes))
                .await
                .map_err(|_| io::ErrorKind::TimedOut)??;
            answered = true;
        }
        if todo.close {
            return Ok(());
        }
    }
}
