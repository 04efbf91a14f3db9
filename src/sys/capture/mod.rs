//! The tap: frames from an interface through libpcap.
//!
//! The ring is libpcap's `TPACKET_V3`, whose blocks are handed over when they
//! are full or [`BLOCK_TIMEOUT`] old: some 50 ns of CPU a frame, where immediate
//! mode costs sixty times that. So a frame is seen up to one timeout late, and
//! the tap reads on for a while after it was told to stop: [`Tap::run`] ends
//! when nothing has come for two timeouts, and only then are all frames in.

pub mod filter;
mod opened;

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pcap::{Active, Capture, Device};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use thiserror::Error;

pub use self::opened::Opened;
use super::{clock, privilege};
use crate::model::{Frame, LinkType, Nanos, Timestamp};
use crate::sys::net::socket;

/// How old a block of frames grows before it is handed over.
pub const BLOCK_TIMEOUT: Duration = Duration::from_millis(20);

/// How long reading goes on at most after the stop, on an interface that never rests.
const LONGEST_DRAIN: Duration = Duration::from_secs(1);

/// What to capture, and with how large a buffer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The interface's name.
    pub interface: String,
    /// The most bytes to keep of a frame.
    pub snaplen: u32,
    /// The ring's size in bytes; it counts as this process's memory.
    pub buffer_bytes: u32,
}

/// Why nothing could be captured.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The process may not open packet sockets.
    #[error(
        "no permission to capture on {interface}: CAP_NET_RAW is needed; run `{remedy}` once, run as root, or use --no-capture{instead}"
    )]
    Permission {
        /// Where it was tried.
        interface: String,
        /// The command that would allow it.
        remedy: String,
        /// What a network of the run's own would be, or why it cannot have one, as the end
        /// of a sentence; empty where that is no question.
        instead: String,
    },
    /// There is no interface of that name.
    #[error("there is no interface {interface}; the interfaces are: {there}")]
    NoInterface {
        /// The name that was asked for.
        interface: String,
        /// The names that exist.
        there: String,
    },
    /// libpcap does not understand the filter.
    #[error("the capture filter {filter:?} is not valid: {reason}")]
    Filter {
        /// The filter.
        filter: String,
        /// The message of libpcap.
        reason: String,
    },
    /// Anything else that libpcap says.
    #[error(
        "cannot capture on {interface}: {reason}{}",
        of_reason(reason, interface)
    )]
    Other {
        /// Where it was tried.
        interface: String,
        /// The message of libpcap.
        reason: String,
    },
}

/// What older versions of libpcap say of it.
const WENT_DOWN: &str = "The interface went down";

/// What to do about a message of libpcap's, as the end of a sentence.
fn of_reason(reason: &str, interface: &str) -> String {
    let down = ["That device is not up", WENT_DOWN, "Network is down"];
    if down.iter().any(|text| reason.contains(text)) {
        format!("; bring it up: sudo ip link set {interface} up")
    } else if reason.contains("Cannot allocate memory") {
        "; make its buffer smaller, for example --buffer 4M".to_owned()
    } else {
        "; check the interface (ip link), or choose another with -i; --no-capture does without"
            .to_owned()
    }
}

/// Receives the frames.
pub trait Sink {
    /// One frame.
    fn frame(&mut self, frame: &Frame<'_>);

    /// All frames that were there have been given; more may follow.
    fn pause(&mut self);
}

/// What the tap counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Frames lost because the ring was full; `None` when libpcap cannot tell.
    pub dropped_by_kernel: Option<u64>,
    /// Frames lost by the interface or its driver.
    pub dropped_by_interface: Option<u64>,
    /// CPU time of the thread that read.
    pub cpu: Nanos,
}

/// An open tap: frames are being kept for it from now on.
pub struct Tap {
    capture: Capture<Active>,
    interface: String,
    link: LinkType,
    link_name: String,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap")
            .field("interface", &self.interface)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

impl Tap {
    /// The frames' link type.
    #[must_use]
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// The link type's name, as libpcap calls it.
    #[must_use]
    pub fn link_name(&self) -> &str {
        &self.link_name
    }

    /// Reads until `stop` is set and the last block has come.
    ///
    /// # Errors
    /// When the interface goes away or libpcap fails; what came before it has
    /// been given to the sink.
    pub fn run(mut self, stop: &AtomicBool, sink: &mut impl Sink) -> Result<Totals, CaptureError> {
        let link = self.link;
        let mut stopped_at: Option<Instant> = None;
        let mut quiet_since_stop = Duration::ZERO;
        let wait = Timespec::try_from(BLOCK_TIMEOUT).ok();
        loop {
            if stopped_at.is_none() && stop.load(Ordering::Acquire) {
                stopped_at = Some(Instant::now());
            }
            let looked_at = Instant::now();
            let mut down = self.wait_for_block(wait.as_ref());
            let mut frames = 0;
            loop {
                let n = self
                    .capture
                    .dispatch(None, |packet| {
                        sink.frame(&Frame {
                            time: time_of(packet.header),
                            link,
                            wire_len: packet.header.len,
                            bytes: packet.data,
                        });
                    })
                    .map_err(|e| CaptureError::Other {
                        interface: self.interface.clone(),
                        reason: words(&e),
                    })?;
                if n == 0 {
                    break;
                }
                frames += n;
                if stopped_at.is_some_and(|at| at.elapsed() > LONGEST_DRAIN) {
                    break;
                }
            }
            // An interface that is down is quiet. libpcap, from 1.10 on, waits for it to
            // come up again, and does not say so: frames would be missing untold.
            let up = || socket::interface_is_up(descriptor(&self.capture), &self.interface);
            down |= frames == 0 && up() == Some(false);
            if down {
                sink.pause();
                return Err(CaptureError::Other {
                    interface: self.interface.clone(),
                    reason: WENT_DOWN.to_owned(),
                });
            }
            if frames > 0 {
                sink.pause();
                quiet_since_stop = Duration::ZERO;
            } else if stopped_at.is_some() {
                quiet_since_stop += looked_at.elapsed();
            }
            if stopped_at.is_some_and(|at| {
                quiet_since_stop >= BLOCK_TIMEOUT * 2 || at.elapsed() > LONGEST_DRAIN
            }) {
                break;
            }
        }
        let stats = self.capture.stats().ok();
        Ok(Totals {
            dropped_by_kernel: stats.map(|s| u64::from(s.dropped)),
            dropped_by_interface: stats.map(|s| u64::from(s.if_dropped)),
            cpu: clock::thread_cpu(),
        })
    }

    /// Whether the interface went down meanwhile (ENETDOWN in packet(7)); frames that
    /// came before may be there all the same.
    fn wait_for_block(&self, limit: Option<&Timespec>) -> bool {
        let fd = descriptor(&self.capture);
        let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        // Interrupted or timed out: the caller looks for frames all the same.
        let _ = poll(&mut fds, limit);
        let failed = fds[0].revents().contains(PollFlags::ERR);
        failed && rustix::net::sockopt::socket_error(fd) == Ok(Err(rustix::io::Errno::NETDOWN))
    }
}

/// The packet socket behind a capture.
fn descriptor(capture: &Capture<Active>) -> BorrowedFd<'_> {
    // SAFETY: the descriptor is the capture's, which outlives the borrow.
    unsafe { BorrowedFd::borrow_raw(capture.as_raw_fd()) }
}

fn keep_from_programs(capture: &Capture<Active>) -> Result<(), rustix::io::Errno> {
    let fd = descriptor(capture);
    let flags = rustix::io::fcntl_getfd(fd)?;
    rustix::io::fcntl_setfd(fd, flags | rustix::io::FdFlags::CLOEXEC)
}

/// The capture's clock is `CLOCK_REALTIME`, and with [`pcap::Precision::Nano`] the
/// field named `tv_usec` holds nanoseconds.
fn time_of(header: &pcap::PacketHeader) -> Timestamp {
    Timestamp::from_nanos(
        header
            .ts
            .tv_sec
            .saturating_mul(1_000_000_000)
            .saturating_add(header.ts.tv_usec),
    )
}

/// DLT numbers are the system's, LINKTYPE numbers the files'; they differ for raw IP.
fn link_type(dlt: i32) -> LinkType {
    match dlt {
        12 | 14 => LinkType::RAW,
        other => LinkType(u16::try_from(other).unwrap_or(u16::MAX)),
    }
}

fn is_loopback(interface: &str) -> bool {
    // ARPHRD_LOOPBACK
    std::fs::read_to_string(format!("/sys/class/net/{interface}/type"))
        .is_ok_and(|t| t.trim() == "772")
}

/// libpcap's name and version, in its own words.
#[must_use]
pub fn version() -> Option<String> {
    unsafe extern "C" {
        fn pcap_lib_version() -> *const std::ffi::c_char;
    }
    // SAFETY: it takes nothing and returns a text that is never freed (pcap_lib_version(3)).
    let text = unsafe { pcap_lib_version() };
    // SAFETY: as above, and it ends with a null.
    let text = (!text.is_null()).then(|| unsafe { std::ffi::CStr::from_ptr(text) })?;
    Some(text.to_string_lossy().into_owned())
}

/// The interfaces that libpcap lists, by name.
#[must_use]
pub fn interfaces() -> Vec<String> {
    Device::list()
        .map(|all| all.into_iter().map(|d| d.name).collect())
        .unwrap_or_default()
}

fn words(e: &pcap::Error) -> String {
    let text = match e {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    };
    text.escape_debug().to_string()
}

fn explain(interface: &str, e: &pcap::Error) -> CaptureError {
    let reason = words(e);
    let denied = reason.contains("ermission") || reason.contains("not permitted");
    if denied || privilege::may_capture() == Some(false) {
        return CaptureError::Permission {
            interface: interface.to_owned(),
            remedy: privilege::setcap_line(),
            instead: String::new(),
        };
    }
    let there = interfaces();
    if there.iter().any(|name| name == interface) {
        CaptureError::Other {
            interface: interface.to_owned(),
            reason,
        }
    } else {
        CaptureError::NoInterface {
            interface: interface.escape_debug().to_string(),
            there: there.join(", "),
        }
    }
}

/// The interface that has this address.
#[must_use]
pub fn interface_of(ip: std::net::IpAddr) -> Option<String> {
    Device::list()
        .ok()?
        .into_iter()
        .find(|d| d.addresses.iter().any(|a| a.addr == ip))
        .map(|d| d.name)
}
