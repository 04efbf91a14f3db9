//! What single comparisons mean, field by field.

/// A capture filter, and whether it has to stand in parentheses beside others: in
/// libpcap's language `and` does not bind closer than `or`.
pub(super) struct Means {
    pub(super) text: String,
    joined: bool,
}

impl Means {
    fn one(text: String) -> Self {
        Self {
            text,
            joined: false,
        }
    }

    fn inside(&self) -> String {
        if self.joined {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    pub(super) fn join(all: &[Self], with: &str) -> Option<Self> {
        let parts: Vec<String> = all.iter().map(Self::inside).collect();
        match all {
            [] => None,
            [one] => Some(Self {
                text: one.text.clone(),
                joined: one.joined,
            }),
            _ => Some(Self {
                text: parts.join(with),
                joined: true,
            }),
        }
    }

    pub(super) fn not(&self) -> Self {
        Self::one(format!("not {}", self.inside()))
    }
}

/// A field by itself: that the frame has it.
pub(super) fn present(field: &str) -> Option<Means> {
    let text = match field {
        "tcp" | "udp" | "ip" | "arp" | "icmp" | "vlan" => field,
        "ipv6" => "ip6",
        "icmpv6" => "icmp6",
        _ => return flag(field, true),
    };
    Some(Means::one(text.to_owned()))
}

pub(super) fn compared(field: &str, operator: &str, value: &str) -> Option<Means> {
    let equal = operator == "==";
    let set = match value.to_ascii_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    };
    if equal
        && let Some(set) = set
        && let Some(means) = flag(field, set)
    {
        return Some(means);
    }
    if let Some(which) = host(field) {
        return equal.then(|| address(which, value)).flatten();
    }
    let n = number(value)?;
    let most = u64::from(u16::MAX);
    match operator {
        "==" => ports(field, n, n),
        ">" => ports(field, n + 1, most),
        ">=" => ports(field, n, most),
        "<" => ports(field, 0, n.checked_sub(1)?),
        _ => ports(field, 0, n),
    }
    .or_else(|| {
        let at = match field {
            "frame.len" => "len",
            "ip.len" => "ip[2:2]",
            "ip.id" => "ip[4:2]",
            "ip.ttl" => "ip[8]",
            "ip.proto" => "ip[9]",
            "ipv6.hlim" => "ip6[7]",
            "tcp.flags" => "tcp[tcpflags]",
            "tcp.seq_raw" => "tcp[4:4]",
            "tcp.ack_raw" => "tcp[8:4]",
            "tcp.window_size_value" => "tcp[14:2]",
            "tcp.urgent_pointer" => "tcp[18:2]",
            "vlan.id" if equal => return Some(Means::one(format!("vlan {n}"))),
            _ => return None,
        };
        Some(Means::one(format!("{at} {operator} {value}")))
    })
}

/// A control bit that is set, or is not.
fn flag(field: &str, set: bool) -> Option<Means> {
    let bit = match field.strip_prefix("tcp.flags.")? {
        "fin" => "fin",
        "syn" => "syn",
        "reset" => "rst",
        "push" => "push",
        "ack" => "ack",
        "urg" => "urg",
        "ece" | "ecn" => "ece",
        "cwr" => "cwr",
        _ => return None,
    };
    let is = if set { "!=" } else { "==" };
    Some(Means::one(format!("tcp[tcpflags] & tcp-{bit} {is} 0")))
}

fn host(field: &str) -> Option<&'static str> {
    Some(match field {
        "ip.addr" | "ip.host" | "ipv6.addr" | "ipv6.host" => "",
        "ip.src" | "ip.src_host" | "ipv6.src" | "ipv6.src_host" => "src ",
        "ip.dst" | "ip.dst_host" | "ipv6.dst" | "ipv6.dst_host" => "dst ",
        "eth.addr" => "ether ",
        "eth.src" => "ether src ",
        "eth.dst" => "ether dst ",
        _ => return None,
    })
}

fn address(which: &str, value: &str) -> Option<Means> {
    if which.starts_with("ether") {
        let mac = value.replace('-', ":");
        return Some(Means::one(format!("{which}host {mac}")));
    }
    let (ip, prefix) = value.split_once('/').unzip();
    ip.unwrap_or(value).parse::<std::net::IpAddr>().ok()?;
    let kind = if prefix.is_some() { "net" } else { "host" };
    Some(Means::one(format!("{which}{kind} {value}")))
}

pub(super) fn ports(field: &str, low: u64, high: u64) -> Option<Means> {
    let which = match field {
        "tcp.port" => "tcp",
        "tcp.srcport" => "tcp src",
        "tcp.dstport" => "tcp dst",
        "udp.port" => "udp",
        "udp.srcport" => "udp src",
        "udp.dstport" => "udp dst",
        _ => return None,
    };
    if low > high || high > u64::from(u16::MAX) {
        return None;
    }
    Some(Means::one(if low == high {
        format!("{which} port {low}")
    } else {
        format!("{which} portrange {low}-{high}")
    }))
}

/// A number as Wireshark takes it.
pub(super) fn number(value: &str) -> Option<u64> {
    let n = match value.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => value.parse(),
    };
    n.ok().filter(|n| u32::try_from(*n).is_ok())
}
