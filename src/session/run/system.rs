//! The real world of a run.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use super::kernel;
use super::rights::Rights;
use super::side_log::Output;
use super::tap::RunningTap;
use super::world::{MakeFile, StartedSide, Tap, World};
use super::{
    ClientChoice, Observe, RunPlan, ServerChoice, SessionError, start_built_in, start_program,
    steps,
    watching::{self, FromKernel},
};
use crate::model::observation::{KernelLook, Leftovers};
use crate::model::{Environment, Pid, Side, Timestamp};
use crate::observe::Observer;
use crate::observe::ptrace::Interest;
use crate::sys::capture::Opened;
use crate::sys::host;
use crate::sys::net::listeners;
use crate::sys::proc::{SystemCounter, resource_usage};
use crate::sys::process::job::Job;
use crate::sys::process::signals::{INTERRUPTIONS, StopSignal};
use crate::sys::{clock, process};
use crate::text::screen::Screen;

/// The real world.
pub struct System {
    since: Instant,
    /// Whether the run has a network of its own.
    isolated: bool,
    stop: StopSignal,
    counter: Option<SystemCounter>,
    job: Job,
    screen: Arc<Mutex<Screen>>,
    /// Opened first; `None` where nothing is captured, and once it keeps frames.
    tap: Option<Opened>,
    rights: Rights,
    /// Loaded first, too; `None` where no side is to be watched so, or it is refused.
    from_kernel: FromKernel,
}

impl System {
    /// Takes over the signals that end a run, and the orphans of what it starts.
    /// `isolated`: the run has a network of its own.
    ///
    /// # Errors
    /// When the system refuses that.
    pub fn new(plan: &RunPlan, isolated: bool) -> io::Result<Self> {
        let stop = StopSignal::on(&INTERRUPTIONS)?;
        let job = Job::begin()?;
        // A watch starts nothing.
        if !plan.is_watch() {
            process::adopt_orphans();
        }
        Ok(Self {
            since: Instant::now(),
            isolated,
            stop,
            counter: None,
            job,
            screen: Arc::default(),
            tap: None,
            rights: Rights::NONE,
            from_kernel: FromKernel::default(),
        })
    }

    /// Opens what needs a privilege, and goes on without. No other thread may exist yet.
    ///
    /// # Errors
    /// When the tap cannot be opened, or the system refuses the rest.
    pub fn open_first(
        &mut self,
        plan: &RunPlan,
        folder_owner: Option<u32>,
    ) -> Result<(), SessionError> {
        self.tap = plan.capture.as_ref().map(Opened::open).transpose()?;
        self.from_kernel = watching::load(plan);
        self.rights = Rights::once_open(plan, folder_owner)?;
        Ok(())
    }

    fn start_the_client(
        &self,
        plan: &RunPlan,
        target: SocketAddr,
        log: Option<File>,
    ) -> Result<StartedSide, SessionError> {
        match &plan.client {
            ClientChoice::BuiltIn(client) => {
                let observer = start_built_in::client(client, target, log)?;
                Ok(in_a_group(Side::Client, watched_by(observer)))
            }
            ClientChoice::Existing { attach: None, .. } => Ok(StartedSide {
                observer: None,
                trouble: None,
                log: None,
            }),
            ClientChoice::Existing {
                attach: Some(pid), ..
            } => watching::client(&self.from_kernel, *pid, target.port()),
            ClientChoice::Command { words, folder, .. } => {
                let port = target.port();
                let folder = folder.as_deref();
                let program = start_program::Program { words, folder };
                let interest = Interest::Client {
                    port,
                    exchanges: plan.looks_at_client_exchanges(),
                };
                let output = self.output(plan, log);
                let by = self.by(plan, Side::Client);
                let started =
                    start_program::start(Side::Client, program, interest, plan, output, by)?;
                Ok(in_a_group(Side::Client, started))
            }
        }
    }

    /// By whom a program is watched.
    fn by(&self, plan: &RunPlan, side: Side) -> start_program::By<'_> {
        start_program::By {
            rights: self.rights,
            kernel: self
                .from_kernel
                .kernel
                .as_ref()
                .filter(|_| plan.watches_from_kernel(side)),
            refused: self.from_kernel.refused.as_ref(),
        }
    }

    /// Where what a program prints is to go.
    fn output(&self, plan: &RunPlan, log: Option<File>) -> Output {
        Output {
            log,
            limit: plan.log_limit,
            screen: plan.show_output.then(|| Arc::clone(&self.screen)),
        }
    }
}

/// A side of ours is a group, which bears its first process's number.
fn in_a_group(side: Side, started: StartedSide) -> StartedSide {
    if let Some(observer) = &started.observer {
        Job::started(side, observer.started().root);
    }
    started
}

fn watched_by(observer: impl Observer + 'static) -> StartedSide {
    StartedSide {
        observer: Some(Box::new(observer)),
        trouble: None,
        log: None,
    }
}

impl World for System {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }

    fn pause(&mut self, at_most: Duration, wakes: Option<BorrowedFd<'_>>) {
        let limit = Timespec::try_from(at_most).ok();
        let stop = PollFd::new(&self.stop, PollFlags::IN);
        // Woken, timed out or interrupted: all of it is looked at by the caller.
        let _ = match wakes {
            Some(fd) => {
                let wakes = PollFd::from_borrowed_fd(fd, PollFlags::IN);
                poll(&mut [wakes, stop], limit.as_ref())
            }
            // Without it a raised signal would make a loop that waits spin.
            None if self.stop.raised() => {
                std::thread::sleep(at_most);
                Ok(0)
            }
            None => poll(&mut [stop], limit.as_ref()),
        };
    }

    fn interrupted(&mut self) -> bool {
        self.stop.raised()
    }

    fn environment(&self) -> Environment {
        host::environment()
    }

    fn holder_of(&self, port: u16) -> Option<String> {
        listeners::holder_of(port)
    }

    fn count_system(&mut self) -> Option<(Option<u64>, Option<u64>)> {
        // In another pid namespace proc(5) tells of the threads of the whole system and
        // of the processes of the namespace: no census of either.
        if self.counter.is_none() && resource_usage::in_first_pid_namespace() {
            self.counter = SystemCounter::new();
        }
        let counter = self.counter.as_ref()?;
        Some((counter.threads(), counter.processes()))
    }

    fn look_at_kernel(&mut self, target: SocketAddr, first: bool) -> KernelLook {
        if first {
            kernel::look(clock::now(), target)
        } else {
            kernel::look_again(clock::now(), target)
        }
    }

    fn start_server(
        &mut self,
        plan: &RunPlan,
        log: Option<File>,
    ) -> Result<StartedSide, SessionError> {
        match &plan.server {
            ServerChoice::Existing { target, .. } if plan.is_watch() => {
                Ok(watching::server(&self.from_kernel, target.port()))
            }
            ServerChoice::Existing { attach: None, .. } => {
                let found = watching::existing(&self.from_kernel);
                Ok(StartedSide {
                    observer: found,
                    trouble: self.from_kernel.refused.clone(),
                    log: None,
                })
            }
            // It goes on as if nobody looked.
            ServerChoice::Existing {
                attach: Some(pid), ..
            } if matches!(plan.observe, Observe::Sampled | Observe::Off) => {
                watching::sampled(*pid, plan.observe)
            }
            ServerChoice::Existing {
                attach: Some(pid), ..
            } => match watching::attached(&self.from_kernel, *pid)? {
                Some(watched) => Ok(watched_by(watched)),
                None => Ok(StartedSide {
                    trouble: self.from_kernel.refused.clone(),
                    ..watched_by(start_program::attach(*pid, self.rights)?)
                }),
            },
            ServerChoice::Embedded(server) => {
                let observer = start_built_in::server(server, plan, log)?;
                Ok(in_a_group(Side::Server, watched_by(observer)))
            }
            ServerChoice::Command {
                words,
                folder,
                port,
                ..
            } => {
                if let Some(port) = port
                    && !listeners::listening_on(*port).is_empty()
                {
                    return Err(SessionError::Server(format!(
                        "port {port} is in use{}, or give the server another port",
                        listeners::describe_holder(*port)
                    )));
                }
                let folder = folder.as_deref();
                let program = start_program::Program { words, folder };
                let interest = server_interest(plan, self.isolated);
                let output = self.output(plan, log);
                let by = self.by(plan, Side::Server);
                let started =
                    start_program::start(Side::Server, program, interest, plan, output, by)?;
                Ok(in_a_group(Side::Server, started))
            }
        }
    }

    fn start_client(
        &mut self,
        plan: &RunPlan,
        target: SocketAddr,
        log: Option<File>,
    ) -> Result<StartedSide, SessionError> {
        let started = self.start_the_client(plan, target, log);
        // Whether it came to that or not, nothing more is started.
        self.rights.once_started();
        started
    }

    fn open_tap(
        &mut self,
        plan: &RunPlan,
        filter: &str,
        target: SocketAddr,
        files: MakeFile,
    ) -> Result<Box<dyn Tap>, SessionError> {
        let settings = plan
            .capture
            .as_ref()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let opened = match self.tap.take() {
            Some(opened) => opened,
            None => Opened::open(settings)?,
        };
        let rotate = plan.save_in.rotate;
        let keep = self.rights.capturing(rotate.is_some());
        let tap = RunningTap::begin(opened, settings, filter, target, files, rotate, keep)?;
        steps::captures(plan, tap.link_name(), filter);
        Ok(Box::new(tap))
    }

    fn terminal_wanted(&mut self) {
        let stop = &self.stop;
        self.job.terminal_wanted(&|| stop.raised());
    }

    fn over(&mut self, side: Side) {
        self.job.over(side);
    }

    fn signal(&mut self, pid: Pid, signal: Signal) {
        process::signal(pid, signal);
    }

    fn sweep(&mut self, ended: &HashSet<Pid>) -> Leftovers {
        let swept = process::sweep(ended);
        Leftovers {
            reaped: u64::from(swept.reaped),
            lived: swept.lived,
            not_ended: swept.left,
        }
    }
}

fn server_interest(plan: &RunPlan, isolated: bool) -> Interest {
    Interest::Server {
        read_write: plan.read_write,
        // Without a capture nothing tells whether it sent; beside another observer every
        // event is to be held against that one's.
        alone: plan.capture.is_some() && plan.observe != Observe::Both,
        // What it needs outside it does not get there. The kernel's programs do not tell.
        outside: isolated && plan.observe != Observe::Both,
    }
}
