//! Programs in the kernel (bpf(2)): loading them, telling them whom to watch, reading
//! what they tell.
//!
//! Loaded where this process may; why not, otherwise, is told apart by the step that
//! was refused ([`why`]).

mod probe;
pub mod why;

use std::fmt;

use aya::maps::{Array, HashMap, MapData, MapError, RingBuf};
use aya::programs::{BtfTracePoint, ProgramError};
use aya::{Btf, BtfError, Ebpf, EbpfError, EbpfLoader};

use crate::model::Pid;
use crate::sys::process::dont_fork;
use why::{Refused, Step};

/// The names of the maps, which the programs declare.
const RING: &str = "ring";
const WATCHED: &str = "watched";
const LOST: &str = "lost";

/// Programs that are attached, for as long as this lives.
pub struct Programs {
    /// Holds the programs and their links.
    _loaded: Ebpf,
    ring: RingBuf<MapData>,
    watched: HashMap<MapData, u32, u32>,
    lost: Array<MapData, u64>,
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs").finish_non_exhaustive()
    }
}

impl Programs {
    /// Loads an object and attaches its programs, each at its tracepoint: (the program's
    /// name, the tracepoint's). `either`: besides, the first of these that this kernel
    /// has as a whole.
    ///
    /// # Errors
    /// When the kernel cannot, or does not let this process.
    pub fn load(
        object: &[u8],
        tracepoints: &[(&str, &str)],
        either: [&[(&str, &str)]; 2],
    ) -> Result<Self, Refused> {
        probe::make_a_ring().map_err(|e| Refused::of(Step::Map, &e))?;
        let btf = Btf::from_sys_fs().map_err(|e| Refused::of_btf(Step::Types, &e))?;
        let mut loaded = EbpfLoader::new()
            .btf(Some(&btf))
            .load(object)
            .map_err(|e| of_loading(&e))?;
        let mut all = |tracepoints: &[(&str, &str)]| {
            let mut each = tracepoints.iter();
            each.try_for_each(|(program, at)| attach(&mut loaded, program, at, &btf))
        };
        all(tracepoints)?;
        if let Err(refused) = all(either[0]) {
            tracing::info!("{}", refused.sentence());
            all(either[1])?;
        }
        let mut take = |name| loaded.take_map(name).ok_or_else(Refused::object);
        let ring = RingBuf::try_from(take(RING)?).map_err(|e| of_map(&e))?;
        dont_fork::keep_from_children();
        let watched = HashMap::try_from(take(WATCHED)?).map_err(|e| of_map(&e))?;
        let lost = Array::try_from(take(LOST)?).map_err(|e| of_map(&e))?;
        Ok(Self {
            _loaded: loaded,
            ring,
            watched,
            lost,
        })
    }

    /// From now on a process is watched, and all that it creates.
    ///
    /// # Errors
    /// When the kernel refuses that.
    pub fn watch(&mut self, pid: Pid, side: u32) -> Result<(), Refused> {
        self.watched.insert(pid.0, side, 0).map_err(|e| of_map(&e))
    }

    /// A process is watched no more.
    pub fn leave(&mut self, pid: Pid) {
        // It may have ended, and is not there any more.
        let _ = self.watched.remove(&pid.0);
    }

    /// Hands on every record that is there.
    pub fn read(&mut self, take: &mut dyn FnMut(&[u8])) {
        while let Some(record) = self.ring.next() {
            take(&record);
        }
    }

    /// How many records were lost since the programs were loaded; `None` where the
    /// kernel does not tell.
    #[must_use]
    pub fn lost(&self) -> Option<u64> {
        self.lost.get(&0, 0).ok()
    }
}

fn attach(loaded: &mut Ebpf, program: &str, tracepoint: &str, btf: &Btf) -> Result<(), Refused> {
    let program: &mut BtfTracePoint = loaded
        .program_mut(program)
        .ok_or_else(Refused::object)?
        .try_into()
        .map_err(|_| Refused::object())?;
    let refused = |e: &ProgramError| match e {
        ProgramError::Btf(BtfError::UnknownBtfTypeName { .. }) => Refused::tracepoint(tracepoint),
        ProgramError::LoadError { io_error, .. } => Refused::of(Step::Program, io_error),
        ProgramError::SyscallError(call) => Refused::of(Step::Program, &call.io_error),
        other => Refused::other(Step::Program, other),
    };
    program.load(tracepoint, btf).map_err(|e| refused(&e))?;
    program.attach().map(drop).map_err(|e| refused(&e))
}

fn of_loading(e: &EbpfError) -> Refused {
    match e {
        EbpfError::MapError(e) => of_map(e),
        EbpfError::BtfError(e) => Refused::of_btf(Step::Types, e),
        other => Refused::other(Step::Types, other),
    }
}

fn of_map(e: &MapError) -> Refused {
    match e {
        MapError::CreateError { io_error, .. } => Refused::of(Step::Map, io_error),
        MapError::SyscallError(call) => Refused::of(Step::Map, &call.io_error),
        other => Refused::other(Step::Map, other),
    }
}
