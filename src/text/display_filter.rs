//! Wireshark's display filters in libpcap's words.
//!
//! People know one of the two languages and type it where the other is wanted.
//! In comes what they typed; out goes a capture filter that means the same, where
//! there is one. A display filter is about all that Wireshark has found out, so
//! most of its fields have none.

/// What was typed instead of a capture filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisplayFilter {
    /// The capture filter that means the same.
    Means(String),
    /// The option of `analyze` that shows what it is about.
    Option(&'static str),
    /// It is a display filter, and nothing more is known.
    Unknown,
}

/// Fields, and what there is for them.
const OPTIONS: [(&str, &str); 8] = [
    ("tcp.stream", "--flow NUMBER"),
    ("tcp.analysis.retransmission", "--sort retransmissions"),
    ("tcp.analysis.fast_retransmission", "--sort retransmissions"),
    ("tcp.analysis.initial_rtt", "--sort handshake"),
    ("tcp.analysis.duplicate_ack", "--format jsonl"),
    ("tcp.analysis.out_of_order", "--format jsonl"),
    ("tcp.analysis.zero_window", "--format jsonl"),
    ("tcp.analysis.flags", "--sort retransmissions"),
];

/// What a text is that libpcap does not understand; `None` when it does not look
/// like a display filter either.
#[must_use]
pub fn display_filter(text: &str) -> Option<DisplayFilter> {
    let words = words(text)?;
    let followers = words.iter().map(Some).skip(1).chain([None]);
    if !words
        .iter()
        .zip(followers)
        .any(|(word, next)| is_field(word, next))
    {
        return None;
    }
    let mut parser = Parser {
        words: &words,
        at: 0,
    };
    let means = parser.either();
    if let Some(means) = means
        && parser.at == words.len()
    {
        return Some(DisplayFilter::Means(means.text));
    }
    let option = OPTIONS
        .iter()
        .find(|(field, _)| words.iter().any(|w| w == field));
    Some(option.map_or(DisplayFilter::Unknown, |(_, option)| {
        DisplayFilter::Option(option)
    }))
}

/// Whether a word is a field's name: a protocol, a dot, and more. Names of hosts
/// have dots too, but nothing is compared with them.
fn is_field(word: &str, next: Option<&String>) -> bool {
    const PROTOCOLS: [&str; 9] = [
        "tcp", "ip", "ipv6", "udp", "eth", "frame", "vlan", "http", "tls",
    ];
    const OPERATORS: [&str; 6] = ["==", "!=", "eq", "ne", "contains", "matches"];
    let Some((protocol, _)) = word.split_once('.') else {
        return false;
    };
    let compared = next.is_some_and(|n| OPERATORS.contains(&n.as_str()));
    PROTOCOLS.contains(&protocol)
        || compared && protocol.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Cuts a text into words and signs; `None` where a sign is foreign.
fn words(text: &str) -> Option<Vec<String>> {
    const SIGNS: [&str; 16] = [
        "==", "!=", ">=", "<=", "&&", "||", ">", "<", "!", "(", ")", "{", "}", ",", "&", "~",
    ];
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
        let quoted = rest.strip_prefix('"').and_then(|r| r.find('"'));
        let length = sign.map_or_else(
            || {
                if let Some(inside) = quoted {
                    return inside + 2;
                }
                let end = rest.find(|c: char| {
                    !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-' | '/'))
                });
                end.unwrap_or(rest.len())
            },
            |s| s.len(),
        );
        if length == 0 {
            return None;
        }
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Some(words)
}

/// A capture filter, and whether it has to stand in parentheses beside others: in
/// libpcap's language `and` does not bind closer than `or`.
struct Means {
    text: String,
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

    fn join(all: &[Self], with: &str) -> Option<Self> {
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

    fn not(&self) -> Self {
        Self::one(format!("not {}", self.inside()))
    }
}

struct Parser<'a> {
    words: &'a [String],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn take(&mut self) -> Option<String> {
        let word = self.peek()?.to_owned();
        self.at += 1;
        Some(word)
    }

    fn is(&mut self, any: &[&str]) -> bool {
        let found = self.peek().is_some_and(|w| any.contains(&w));
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Option<Means> {
        let mut all = vec![self.both()?];
        while self.is(&["||", "or"]) {
            all.push(self.both()?);
        }
        Means::join(&all, " or ")
    }

    fn both(&mut self) -> Option<Means> {
        let mut all = vec![self.one()?];
        while self.is(&["&&", "and"]) {
            all.push(self.one()?);
        }
        Means::join(&all, " and ")
    }

    fn one(&mut self) -> Option<Means> {
        if self.is(&["!", "not"]) {
            return Some(self.one()?.not());
        }
        if self.is(&["("]) {
            let inside = self.either()?;
            return self.is(&[")"]).then_some(inside);
        }
        let field = self.take()?;
        let operator = match self.peek() {
            Some("==" | "eq") => "==",
            Some("!=" | "ne") => "!=",
            Some(">" | "gt") => ">",
            Some("<" | "lt") => "<",
            Some(">=" | "ge") => ">=",
            Some("<=" | "le") => "<=",
            Some("in") => {
                self.at += 1;
                return self.one_of(&field);
            }
            _ => return present(&field),
        };
        self.at += 1;
        let value = self.take()?;
        if operator == "!=" {
            return Some(compared(&field, "==", &value)?.not());
        }
        compared(&field, operator, &value)
    }

    /// `in {80, 443, 8000..8010}`
    fn one_of(&mut self, field: &str) -> Option<Means> {
        let mut all = Vec::new();
        if !self.is(&["{"]) {
            return None;
        }
        while !self.is(&["}"]) {
            let value = self.take()?;
            all.push(match value.split_once("..") {
                Some((low, high)) => {
                    let ends = [compared(field, ">=", low)?, compared(field, "<=", high)?];
                    ports(field, number(low)?, number(high)?)
                        .or_else(|| Means::join(&ends, " and "))?
                }
                None => compared(field, "==", &value)?,
            });
            self.is(&[","]);
        }
        Means::join(&all, " or ")
    }
}

/// A field by itself: that the frame has it.
fn present(field: &str) -> Option<Means> {
    let text = match field {
        "tcp" | "udp" | "ip" | "arp" | "icmp" | "vlan" => field,
        "ipv6" => "ip6",
        "icmpv6" => "icmp6",
        _ => return flag(field, true),
    };
    Some(Means::one(text.to_owned()))
}

fn compared(field: &str, operator: &str, value: &str) -> Option<Means> {
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

fn ports(field: &str, low: u64, high: u64) -> Option<Means> {
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
fn number(value: &str) -> Option<u64> {
    let n = match value.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => value.parse(),
    };
    n.ok().filter(|n| u32::try_from(*n).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(text: &str) -> String {
        match display_filter(text) {
            Some(DisplayFilter::Means(means)) => means,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_both_languages_can_say_is_translated() {
        for (display, capture) in [
            ("tcp.port == 8000", "tcp port 8000"),
            ("tcp.port==8000", "tcp port 8000"),
            ("tcp.dstport eq 80", "tcp dst port 80"),
            ("tcp.port != 22", "not tcp port 22"),
            ("tcp.srcport > 1023", "tcp src portrange 1024-65535"),
            ("ip.addr == 127.0.0.1", "host 127.0.0.1"),
            ("ip.src == 10.0.0.0/8", "src net 10.0.0.0/8"),
            ("ipv6.dst == ::1", "dst host ::1"),
            (
                "eth.addr == 00-11-22-33-44-55",
                "ether host 00:11:22:33:44:55",
            ),
            ("tcp.flags.reset == 1", "tcp[tcpflags] & tcp-rst != 0"),
            ("tcp.flags.syn", "tcp[tcpflags] & tcp-syn != 0"),
            ("tcp.flags.ack == False", "tcp[tcpflags] & tcp-ack == 0"),
            ("frame.len >= 1000", "len >= 1000"),
            ("tcp.flags == 0x02", "tcp[tcpflags] == 0x02"),
            ("vlan.id == 7", "vlan 7"),
            ("!(ip.addr == 10.0.0.1)", "not host 10.0.0.1"),
            (
                "tcp.port in {80, 443, 8000..8010}",
                "tcp port 80 or tcp port 443 or tcp portrange 8000-8010",
            ),
            // Of Wireshark's, && binds closer.
            (
                "tcp.port == 80 || tcp.port == 81 && ip.ttl < 5",
                "tcp port 80 or (tcp port 81 and ip[8] < 5)",
            ),
            (
                "(tcp.port == 80 or tcp.port == 81) and !ipv6",
                "(tcp port 80 or tcp port 81) and not ip6",
            ),
            (
                "not (tcp.port == 80 and ip.dst == 1.2.3.4)",
                "not (tcp port 80 and dst host 1.2.3.4)",
            ),
        ] {
            assert_eq!(means(display), capture, "{display}");
        }
    }

    #[test]
    fn what_only_wireshark_knows_is_said_to_be_its_own() {
        for (text, option) in [
            ("tcp.stream eq 5", "--flow NUMBER"),
            ("tcp.analysis.retransmission", "--sort retransmissions"),
            ("tcp.port == 80 && tcp.stream == 1", "--flow NUMBER"),
        ] {
            assert_eq!(display_filter(text), Some(DisplayFilter::Option(option)));
        }
        for text in [
            "tcp.len > 0",
            "http.request.method == \"GET\"",
            "dns.qry.name contains \"example\"",
            "tcp.port == 70000",
            "tcp.port < 0",
            "ip.addr > 1.2.3.4",
            "ip.addr == example.org",
            "tcp.port in 80",
            "tcp.port in {80",
            "tcp.port ==",
            "(tcp.port == 80",
            "tcp.port == 80 tcp.port == 81",
        ] {
            assert_eq!(display_filter(text), Some(DisplayFilter::Unknown), "{text}");
        }
    }

    #[test]
    fn other_mistakes_are_not_wireshark_s() {
        for text in [
            "",
            "tcp prot 80",
            "host 10.0.0.1 prt 80",
            "port",
            "tcp[13",
            "a\0b",
            "é.port",
            "host example.org prt 80",
        ] {
            assert_eq!(display_filter(text), None, "{text}");
        }
    }
}
