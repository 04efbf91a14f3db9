//! Opening a tap: all of it that needs a privilege.

use pcap::{Active, Capture, Precision};

use super::{
    BLOCK_TIMEOUT, CaptureError, Settings, Tap, descriptor, explain, is_loopback,
    keep_from_programs, link_type, words,
};
use crate::sys::net::socket;
use crate::sys::process::dont_fork;

/// A tap that is open, and keeps no frame yet: all that needs a privilege is done.
pub struct Opened {
    capture: Capture<Active>,
    interface: String,
}

/// A frame of no length there is none: what is kept while nothing is to be kept. It is not
/// optimised, for libpcap then refuses what lets nothing through.
const NO_FRAME: &str = "less 0";

impl Opened {
    /// Opens an interface.
    ///
    /// # Errors
    /// No permission, no such interface, or whatever else libpcap says.
    pub fn open(settings: &Settings) -> Result<Self, CaptureError> {
        let interface = settings.interface.as_str();
        let explain = |e: pcap::Error| explain(interface, &e);
        let timeout = i32::try_from(BLOCK_TIMEOUT.as_millis()).unwrap_or(20);
        let inactive = Capture::from_device(interface)
            .map_err(explain)?
            .timeout(timeout)
            .immediate_mode(false)
            .promisc(false)
            .precision(Precision::Nano)
            .snaplen(i32::try_from(settings.snaplen).unwrap_or(i32::MAX))
            .buffer_size(i32::try_from(settings.buffer_bytes).unwrap_or(i32::MAX));
        let capture = inactive.open().map_err(explain)?;
        // libpcap leaves the socket open over exec(2): whoever inherited it could
        // read the traffic of others.
        keep_from_programs(&capture).map_err(|e| CaptureError::Other {
            interface: interface.to_owned(),
            reason: e.to_string(),
        })?;
        let mut capture = capture.setnonblock().map_err(explain)?;
        if is_loopback(interface) {
            // Where the option is missing libpcap sorts the copies out itself.
            let _ = socket::ignore_outgoing(descriptor(&capture));
        }
        capture.filter(NO_FRAME, false).map_err(explain)?;
        dont_fork::keep_from_children();
        Ok(Self {
            capture,
            interface: interface.to_owned(),
        })
    }

    /// From when this returns, no frame that the filter lets through is missed any more.
    ///
    /// # Errors
    /// A filter that libpcap refuses.
    pub fn keep(self, filter: &str) -> Result<Tap, CaptureError> {
        let Self {
            mut capture,
            interface,
        } = self;
        capture
            .filter(filter, true)
            .map_err(|e| CaptureError::Filter {
                filter: filter.to_owned(),
                reason: words(&e),
            })?;
        // Where the option is missing, close-on-exec has to do.
        let _ = socket::lock_filter(descriptor(&capture));
        let datalink = capture.get_datalink();
        let link_name = datalink
            .get_name()
            .unwrap_or_else(|_| format!("DLT {}", datalink.0));
        Ok(Tap {
            link: link_type(datalink.0),
            link_name,
            interface,
            capture,
        })
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("interface", &self.interface)
            .finish_non_exhaustive()
    }
}
