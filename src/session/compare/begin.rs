//! How a comparison begins: with a process that will start its runs, and nothing in its own
//! hands any more.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use rustix::process::geteuid;
use rustix::thread::CapabilitySet;

use super::{CompareError, ComparePlan, RUN_COMMAND};
use crate::compare::{Contender, Place, run_arguments, turns};
use crate::session::run::RunDir;
use crate::sys::privilege::give_up::{NOTHING, for_good};
use crate::sys::privilege::person::Person;
use crate::sys::process;
use crate::sys::process::starter::Starter;

/// The process that will start the runs; this one gives up what it has, and becomes the
/// person behind sudo(8): to read what the runs leave needs nothing.
pub(super) fn begin(plan: &ComparePlan, dir: &RunDir) -> Result<Starter, CompareError> {
    let order = turns(plan.contenders.len(), plan.warmup, plan.repeat);
    let turn = |number: u32| order.get(usize::try_from(number).ok()?);
    let starter = Starter::ready(|number, port| {
        // Any other number is nobody's, and its run tells that it has no arguments.
        let Some(turn) = turn(number) else {
            return Vec::new();
        };
        let contender = &plan.contenders[turn.contender];
        let folder = dir.file(&contender.folder(turn.round));
        arguments(plan, contender, &folder, port)
    })?;
    if let Some(person) = Person::behind_sudo() {
        person.become_for_good(CapabilitySet::SETPCAP)?;
        tracing::info!("the comparison goes on as {}", person.name());
    }
    // Root's own number writes in a folder of somebody else's with these.
    let foreign = geteuid().is_root() && dir.owner().is_some_and(|owner| owner != 0);
    let writing = CapabilitySet::DAC_OVERRIDE | CapabilitySet::CHOWN;
    for_good(if foreign { writing } else { NOTHING });
    dir.check()?;
    Ok(starter)
}

/// What a run is started with. Its parent is the process that calls this.
fn arguments(
    plan: &ComparePlan,
    contender: &Contender,
    path: &Path,
    port: Option<u16>,
) -> Vec<String> {
    let place = Place {
        folder: &path.to_string_lossy(),
        port,
    };
    let mut arguments = vec![RUN_COMMAND.to_owned(), process::pid().0.to_string()];
    let save_in = &plan.save_in;
    let how = [(save_in.replace, "--force"), (save_in.shared, "--shared")];
    let how = how.iter().filter(|(wanted, _)| *wanted);
    arguments.extend(how.map(|(_, option)| (*option).to_owned()));
    arguments.extend(run_arguments(contender, &plan.options, place));
    arguments
}

/// A port that is free now.
pub(super) fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
