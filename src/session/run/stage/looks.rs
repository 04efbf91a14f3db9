//! Looks at the whole system while a run goes on.

use std::net::SocketAddr;

use super::Stage;
use crate::model::observation::{Counted, Fact};

impl Stage<'_> {
    pub(super) fn look_at_system(&mut self) {
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
        let look = self.world.look_at_kernel(target.port(), first);
        self.log.put(Fact::Kernel(look));
    }
}
