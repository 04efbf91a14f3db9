//! Looks at the whole system while a run goes on.

use std::net::SocketAddr;

use super::{Stage, steps};
use crate::model::Nanos;
use crate::model::observation::{Counted, Fact, Trouble};
use crate::session::run::world::World;

/// How far the capture's clock is before one that nobody sets. Both are slewed alike;
/// setting the time moves them apart, and so does a system that sleeps.
pub(super) struct Clock {
    ahead: Nanos,
}

impl Clock {
    pub(super) fn begin(world: &dyn World) -> Self {
        let looks = [(); 4].map(|()| ahead(world));
        // What comes between the two readings makes it seem less.
        let ahead = looks.into_iter().max().unwrap_or_default();
        Self { ahead }
    }

    /// By how much the clock was set since the look before.
    fn set_by(&mut self, world: &dyn World) -> Option<Nanos> {
        /// Smaller ones are slewed (adjtimex(2)), and a look is not exact to the millisecond.
        const LEAST_NS: i64 = 20_000_000;
        // A look between whose readings the thread had to wait is none.
        let looks = [(); 4].map(|()| ahead(world).get().saturating_sub(self.ahead.get()));
        let by = looks.into_iter().min_by_key(|by| by.unsigned_abs())?;
        if by.unsigned_abs() < LEAST_NS.unsigned_abs() {
            return None;
        }
        self.ahead = Nanos::new(self.ahead.get().saturating_add(by));
        Some(Nanos::new(by))
    }
}

fn ahead(world: &dyn World) -> Nanos {
    let now = world.now().as_nanos();
    let elapsed = Nanos::from(world.elapsed()).get();
    Nanos::new(now.saturating_sub(elapsed))
}

impl Stage<'_> {
    /// Whether the clock was set meanwhile.
    pub(super) fn look_at_clock(&mut self) {
        if let Some(by_ns) = self.clock.set_by(self.world) {
            steps::clock_set(by_ns);
            self.log.put(Fact::Trouble(Trouble::ClockSet { by_ns }));
        }
    }

    pub(super) fn look_at_system(&mut self) {
        self.look_at_clock();
        if !self.plan.sample {
            return;
        }
        if let Some(counts) = self.world.count_system()
            && let Some(sample) = self.system.look(self.world.now(), counts)
        {
            let of = Counted::System;
            self.log.put(Fact::Sample { of, sample });
        }
    }

    pub(super) fn look_at_kernel(&mut self, target: SocketAddr, first: bool) {
        let look = self.world.look_at_kernel(target, first);
        self.log.put(Fact::Kernel(look));
    }
}
