//! What the kernel counts of connections that a listening socket did not take
//! (`/proc/PID/net/netstat`, as nstat(8) prints it).

use super::NetNamespace;

/// How often, since the network namespace was made, of all sockets in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenDrops {
    /// The accept queue was full; `None` where the kernel does not tell.
    pub overflows: Option<u64>,
    /// For whatever reason, that one included; `None` likewise.
    pub drops: Option<u64>,
}

impl NetNamespace {
    /// What it has counted so far.
    #[must_use]
    pub fn listen_drops(self) -> ListenDrops {
        let text = self.text("netstat").unwrap_or_default();
        let of = |name| figure(&text, "TcpExt:", name);
        ListenDrops {
            overflows: of("ListenOverflows"),
            drops: of("ListenDrops"),
        }
    }
}

/// A figure of the text, in which a line of names is followed by one of figures.
fn figure(text: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(group));
    let (names, figures) = (lines.next()?, lines.next()?);
    let at = names.split_whitespace().position(|n| n == name)?;
    figures.split_whitespace().nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_found_by_its_name() {
        let text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 23 45\n\
                    IpExt: InNoRoutes ListenDrops\nIpExt: 7 8\n";
        assert_eq!(figure(text, "TcpExt:", "ListenOverflows"), Some(23));
        assert_eq!(figure(text, "TcpExt:", "ListenDrops"), Some(45));
        assert_eq!(figure(text, "IpExt:", "ListenDrops"), Some(8));
        assert_eq!(figure(text, "TcpExt:", "ListenOverflow"), None);
        assert_eq!(
            figure("TcpExt: ListenDrops\n", "TcpExt:", "ListenDrops"),
            None
        );
        assert_eq!(figure("", "TcpExt:", "ListenDrops"), None);
    }

    #[test]
    fn this_kernel_tells() {
        let now = NetNamespace::own().listen_drops();
        assert!(
            now.overflows.is_some() && now.drops >= now.overflows,
            "{now:?}"
        );
    }
}
