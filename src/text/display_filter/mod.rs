//! Wireshark's display filters in libpcap's words.
//!
//! People know one of the two languages and type it where the other is wanted.
//! In comes what they typed; out goes a capture filter that means the same, where
//! there is one. A display filter is about all that Wireshark has found out, so
//! most of its fields have none.

mod means;

use means::{Means, compared, number, ports, present};

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
            ("tcp.srcport >= 1024", "tcp src portrange 1024-65535"),
            ("ip.addr == 127.0.0.1", "host 127.0.0.1"),
            ("ip.src == 10.0.0.0/8", "src net 10.0.0.0/8"),
            ("ipv6.dst == ::1", "dst host ::1"),
            (
                "eth.addr == 00-11-22-33-44-55",
                "ether host 00:11:22:33:44:55",
            ),
            (
                "eth.src == 02:00:00:00:00:01",
                "ether src host 02:00:00:00:00:01",
            ),
            (
                "eth.dst == 02:00:00:00:00:01",
                "ether dst host 02:00:00:00:00:01",
            ),
            ("ip.dst_host == 10.0.0.1", "dst host 10.0.0.1"),
            ("ipv6.src_host == ::1", "src host ::1"),
            ("ipv6.addr == ::1", "host ::1"),
            ("tcp.flags.reset == 1", "tcp[tcpflags] & tcp-rst != 0"),
            ("tcp.flags.syn", "tcp[tcpflags] & tcp-syn != 0"),
            ("tcp.flags.ack == False", "tcp[tcpflags] & tcp-ack == 0"),
            ("frame.len >= 1000", "len >= 1000"),
            ("tcp.flags == 0x02", "tcp[tcpflags] == 0x02"),
            ("vlan.id == 7", "vlan 7"),
            ("udp.port == 53", "udp port 53"),
            ("udp.srcport == 53", "udp src port 53"),
            ("udp.dstport <= 53", "udp dst portrange 0-53"),
            ("ip.len ge 1000", "ip[2:2] >= 1000"),
            ("ip.id == 0x1f", "ip[4:2] == 0x1f"),
            ("ip.proto == 6", "ip[9] == 6"),
            ("ipv6.hlim le 5", "ip6[7] <= 5"),
            ("tcp.seq_raw > 7", "tcp[4:4] > 7"),
            ("tcp.ack_raw < 7", "tcp[8:4] < 7"),
            ("tcp.window_size_value == 0", "tcp[14:2] == 0"),
            ("tcp.urgent_pointer gt 0", "tcp[18:2] > 0"),
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
    fn a_field_alone_is_that_the_frame_has_it() {
        for protocol in ["tcp", "udp", "ip", "arp", "icmp", "vlan"] {
            let either = format!("{protocol} or tcp.port == 1");
            assert_eq!(means(&either), format!("{protocol} or tcp port 1"));
        }
        assert_eq!(means("icmpv6 or tcp.port == 1"), "icmp6 or tcp port 1");
        for (flag, bit) in [
            ("fin", "fin"),
            ("push", "push"),
            ("urg", "urg"),
            ("ece", "ece"),
            ("ecn", "ece"),
            ("cwr", "cwr"),
        ] {
            let is_set = format!("tcp[tcpflags] & tcp-{bit} != 0");
            assert_eq!(means(&format!("tcp.flags.{flag}")), is_set);
        }
    }

    #[test]
    fn only_wireshark_knows_of_more_than_one_tag() {
        assert_eq!(display_filter("vlan.id > 7"), Some(DisplayFilter::Unknown));
        assert_eq!(
            display_filter("tcp.port in {}"),
            Some(DisplayFilter::Unknown),
            "nothing is in it"
        );
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
