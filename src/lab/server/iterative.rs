//! Model `iterative`: one connection after the other, in the first thread.

use super::Server;
use super::acceptor::Next;

pub(super) fn run(server: &'static Server, ready: impl FnOnce()) {
    ready();
    loop {
        match server.next(None) {
            Next::Connection(accepted) => {
                server.serve_connection(&accepted, server.plan.idle_timeout);
            }
            Next::Nothing => {}
            Next::Stop => return,
        }
    }
}
