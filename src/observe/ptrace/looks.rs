//! Looks at what a program does, and what is told where the system refuses one.

use std::collections::HashSet;

use crate::model::{Change, Pid};
use crate::sys::ptrace::remote_socket::{Behind, Looker, Refusal, RemoteSocket};
use crate::sys::ptrace::tracee::Stopped;

/// How it is looked at, and what the system refused, and whether there was another way, as
/// it was told.
#[derive(Debug, Default)]
pub struct Looks {
    looker: Looker,
    refused: HashSet<(Refusal, bool)>,
}

impl Looks {
    /// The TCP socket behind a descriptor; `None` where it is none, or is not to be
    /// seen, which is told.
    pub fn socket(
        &mut self,
        task: &Stopped,
        pid: Pid,
        descriptor: i32,
        said: &mut Vec<Change>,
    ) -> Option<RemoteSocket> {
        let (behind, refusal) = self.looker.behind(pid, task.tid(), descriptor);
        if let Some(refusal) = refusal {
            self.tell(refusal, !matches!(behind, Behind::Hidden), said);
        }
        match behind {
            Behind::Tcp(socket) => Some(socket),
            Behind::Other | Behind::Hidden => None,
        }
    }

    /// What was read of a program's memory; what is not to be read is told.
    pub fn read<T>(
        &mut self,
        read: Result<Option<T>, Refusal>,
        said: &mut Vec<Change>,
    ) -> Option<T> {
        read.unwrap_or_else(|refusal| {
            self.tell(refusal, false, said);
            None
        })
    }

    /// Tells once of each call that was refused. `found`: there was another way.
    fn tell(&mut self, refusal: Refusal, found: bool, said: &mut Vec<Change>) {
        if self.refused.insert((refusal, found)) {
            said.push(Change::LookRefused {
                call: refusal.call.into(),
                errno: refusal.errno,
                of_all: refusal.of_all,
                found,
            });
        }
    }
}
