//! Strategy `thread`: one OS thread a request, started as fast as possible.

use std::thread::{self, Builder, Scope, ScopedJoinHandle};

use super::Shared;
use crate::lab::task::{self, NoTask};
use crate::model::{Outcome, WorkerId};
use crate::reserve::Reserve;

/// Room enough for a request, and little enough for tens of thousands.
pub const STACK_BYTES: usize = 64 * 1024;

pub(super) fn run(shared: Shared) {
    thread::scope(|scope| {
        let mut started = 0u32;
        let mut reserve = shared.reserve();
        for number in shared.due_numbers() {
            // Without the gate a worker is started only when its request may go.
            if !shared.gate.is_held() {
                shared.gate.take_permit();
            }
            let worker = start(shared, &mut reserve, scope, move || {
                if shared.gate.is_held() {
                    shared.gate.pass();
                    shared.gate.take_permit();
                }
                shared.perform(number, WorkerId(number));
                shared.gate.give_permit();
            });
            match worker {
                // The scope waits for it. Nobody holds its handle, so that its
                // stack can serve the next worker as soon as it has ended.
                Ok(_) => started += 1,
                Err(e) => {
                    if !shared.gate.is_held() {
                        shared.gate.give_permit();
                    }
                    shared.without_worker(number, Outcome::NoThread, &e);
                }
            }
        }
        shared.gate.open_when(started, || 0);
    });
}

/// Starts a thread that notes its begin and its end around `work`, if that leaves the
/// reserve.
pub(super) fn start<'scope>(
    shared: Shared,
    reserve: &mut Reserve,
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, ()>, NoTask> {
    reserve.take()?;
    let slot = shared.ledger.new_task();
    let handle = Builder::new()
        .stack_size(STACK_BYTES)
        .spawn_scoped(scope, move || task::live(slot, false, work))?;
    task::created(slot, false);
    Ok(handle)
}
