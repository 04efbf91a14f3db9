//! The capture of a run: opened, waited for, closed.

use std::net::{IpAddr, SocketAddr};

use super::super::world::{Captured, Tap};
use super::super::{ClientChoice, RunPlan, SessionError, Status, TICK, Waits, steps};
use super::Stage;
use crate::model::observation::{End, Fact, Trouble};
use crate::model::{FlowRecord, StopReason};
use crate::sys::capture::BLOCK_TIMEOUT;

impl Stage<'_> {
    pub(super) fn open_tap(
        &mut self,
        target: SocketAddr,
    ) -> Result<Option<Box<dyn Tap>>, SessionError> {
        if self.plan.capture.is_none() {
            return Ok(None);
        }
        let files = self.store.capture_files()?;
        let filter = filter(self.plan, target);
        let tap = self.world.open_tap(self.plan, &filter, target, files)?;
        Ok(Some(tap))
    }

    /// Waits until every flow that the client can have opened has been seen
    /// and has closed. Whether one that began meanwhile is another's is not known yet.
    pub(super) fn until_at_rest(
        &mut self,
        expected: u64,
        tap: Option<&dyn Tap>,
        end: &mut End,
    ) -> StopReason {
        let Some(tap) = tap else {
            return StopReason::Drained;
        };
        let since = self.world.elapsed();
        // The last block is handed over a timeout late, and may hold flows that
        // the client could not tell of.
        let at_least = BLOCK_TIMEOUT * 2;
        // A client whose time was over has closed its flows with its end.
        let at_rest = |end: &End| matches!(end, End::Complete | End::TimeLimit);
        let at_most = if at_rest(end) {
            self.plan.linger.max(at_least)
        } else {
            at_least
        };
        let mut told = None;
        loop {
            let flows = tap.flows();
            // The tap was there before a client that was started: a flow without a SYN is
            // somebody else's, who may keep it open. A client that is watched may have one.
            let (begun, closed) = match self.plan.client {
                ClientChoice::Existing { .. } => (flows.seen, flows.closed),
                _ => (flows.opened, flows.opened_closed),
            };
            let all_closed = closed >= begun;
            let all_seen = flows.opened >= expected;
            let waited = self.world.elapsed().saturating_sub(since);
            if told.replace(flows) != Some(flows) {
                steps::flows(flows, expected);
            }
            let reason = if *end == End::Fault && waited >= at_most {
                Some(StopReason::Fault)
            } else if *end == End::Interrupted && waited >= at_most {
                Some(StopReason::Interrupted)
            } else if all_closed && all_seen && waited >= at_least && at_rest(end) {
                Some(StopReason::Drained)
            } else if waited >= at_most {
                Some(StopReason::Timeout)
            } else if at_rest(end) && tap.has_failed() {
                *end = End::Fault;
                Some(StopReason::Fault)
            } else if at_rest(end) && self.world.interrupted() {
                *end = End::Interrupted;
                Some(StopReason::Interrupted)
            } else {
                None
            };
            if let Some(reason) = reason {
                steps::at_rest(reason, flows, expected, waited);
                return reason;
            }
            let open = begun.max(expected).saturating_sub(closed);
            (self.tell)(Some(Status {
                waits: Waits::FlowsClose(open, at_most),
                done: closed,
                frames: tap.frames(),
            }));
            self.world.pause(TICK, None);
        }
    }

    pub(super) fn tell_of_capture(
        &mut self,
        captured: Option<Captured>,
        mut stop_reason: StopReason,
        end: &mut End,
    ) -> (Vec<FlowRecord>, Option<(std::io::Error, u64)>) {
        let Some(mut captured) = captured else {
            return (Vec::new(), None);
        };
        let broken = captured.failed.is_some() || captured.not_saved.is_some();
        if broken && *end != End::Interrupted {
            *end = End::Fault;
            stop_reason = StopReason::Fault;
        }
        steps::captured(&captured);
        captured.wire.stop_reason = stop_reason;
        self.log.put(Fact::Wire(captured.wire));
        if let Some(error) = captured.failed {
            self.log
                .put(Fact::Trouble(Trouble::CaptureFailed { error }));
        }
        let cut = captured.not_saved.map(|cut| {
            // Best effort: a reader reports the torn frame itself.
            self.store.cut(&cut.file, cut.whole_bytes);
            self.log.put(Fact::Trouble(Trouble::CaptureNotSaved {
                error: cut.error.to_string(),
                frames: cut.frames,
            }));
            (cut.error, cut.frames)
        });
        (captured.flows, cut)
    }
}

/// What is tapped. A program may choose any of the server's addresses, so that
/// its port is all that is known of its frames.
fn filter(plan: &RunPlan, target: SocketAddr) -> String {
    match &plan.client {
        ClientChoice::BuiltIn(_) => format!("tcp port {} and host {}", target.port(), target.ip()),
        ClientChoice::Existing { addresses, .. } if !addresses.is_empty() => {
            of_a_server(target.port(), addresses)
        }
        ClientChoice::Command { .. } | ClientChoice::Existing { .. } => {
            format!("tcp port {}", target.port())
        }
    }
}

/// What goes to this port at these addresses, and what comes from there (pcap-filter(7)).
fn of_a_server(port: u16, addresses: &[IpAddr]) -> String {
    let towards = |way: &str| {
        let each = addresses.iter().map(|ip| match ip {
            IpAddr::V4(ip) if ip.is_loopback() => format!("{way} net 127.0.0.0/8"),
            ip => format!("{way} host {ip}"),
        });
        let all: Vec<String> = each.collect();
        format!("(tcp {way} port {port} and ({}))", all.join(" or "))
    };
    format!("{} or {}", towards("dst"), towards("src"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_the_same_port_elsewhere_is_not_the_servers() {
        let addresses = ["127.0.0.1", "10.0.0.7", "::1"].map(|ip| ip.parse().unwrap());
        assert_eq!(
            of_a_server(80, &addresses),
            "(tcp dst port 80 and (dst net 127.0.0.0/8 or dst host 10.0.0.7 or dst host ::1)) or \
             (tcp src port 80 and (src net 127.0.0.0/8 or src host 10.0.0.7 or src host ::1))"
        );
    }
}
