//! A flow as a line of JSON, field by field.
//!
//! A capture has millions of flows, and serde's account of a struct takes three times
//! as long as all the rest of their analysis. What is written is what serde writes of
//! a [`FlowLine`](crate::model::FlowLine), to the byte: a test holds the two against
//! each other.

use std::io::Write;
use std::net::IpAddr;

use crate::model::{
    ClientOwner, Endpoint, Exchange, FlowRecord, FlowShape, Handshake, Nanos, ServerOwner,
    TimeOfDay, Timestamp,
};
use crate::text::json::Inert;

/// Appends a flow as a JSON object and a line break, with its file's name where there
/// is one.
pub(super) fn put_flow(file: Option<&str>, flow: &FlowRecord, out: &mut Vec<u8>) {
    // Every field is named here: one that is added is missed when this is compiled.
    let FlowRecord {
        flow: number,
        client,
        server,
        first_ns,
        last_ns,
        initial_rtt_ns,
        handshake,
        client_closed_ns,
        server_closed_ns,
        exchanges,
        client_owner,
        server_owner,
        shape,
    } = flow;
    let FlowShape {
        vni,
        client_frames,
        server_frames,
        client_wire_bytes,
        server_wire_bytes,
        client_payload_bytes,
        server_payload_bytes,
        client_stream_bytes,
        server_stream_bytes,
        client_retransmissions,
        server_retransmissions,
        client_out_of_order,
        server_out_of_order,
        client_duplicate_acks,
        server_duplicate_acks,
        client_zero_windows,
        server_zero_windows,
        state,
        history,
        close,
        exchanges_omitted,
        incomplete,
    } = &**shape;
    macro_rules! fields {
        ($($name:ident,)+) => {
            $(
                out.extend_from_slice(concat!(",\"", stringify!($name), "\":").as_bytes());
                $name.put(out);
            )+
        };
    }
    out.push(b'{');
    if let Some(file) = file {
        out.extend_from_slice(b"\"file\":");
        file.put(out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"flow\":");
    number.0.put(out);
    fields! {
        client, server, vni, first_ns, last_ns,
        client_frames, server_frames,
        client_wire_bytes, server_wire_bytes,
        client_payload_bytes, server_payload_bytes,
        client_stream_bytes, server_stream_bytes,
        client_retransmissions, server_retransmissions,
        client_out_of_order, server_out_of_order,
        client_duplicate_acks, server_duplicate_acks,
        client_zero_windows, server_zero_windows,
        initial_rtt_ns,
    }
    out.extend_from_slice(b",\"state\":");
    state.name().put(out);
    fields! { history, handshake, }
    out.extend_from_slice(b",\"close\":");
    close.name().put(out);
    fields! { client_closed_ns, server_closed_ns, }
    out.extend_from_slice(b",\"exchanges\":");
    list(exchanges.iter(), out);
    fields! { exchanges_omitted, }
    out.extend_from_slice(b",\"incomplete\":");
    list(incomplete.iter().map(|reason| reason.name()), out);
    fields! { client_owner, server_owner, }
    out.extend_from_slice(b"}\n");
}

/// What is appended as a JSON value.
trait Put {
    fn put(&self, out: &mut Vec<u8>);
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }
}

impl<T: Put> Put for Option<T> {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

fn list<T: Put>(values: impl Iterator<Item = T>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        value.put(out);
    }
    out.push(b']');
}

impl Put for u64 {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        if *self < 10 {
            // Most counts of most flows are 0, and a digit is one byte.
            out.push(b'0' | self.to_le_bytes()[0]);
        } else {
            out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
        }
    }
}

impl Put for u32 {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Put for u16 {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        u64::from(*self).put(out);
    }
}

impl Put for i64 {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
    }
}

impl Put for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Put for str {
    fn put(&self, out: &mut Vec<u8>) {
        let plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
        if self.bytes().all(plain) {
            out.push(b'"');
            out.extend_from_slice(self.as_bytes());
            out.push(b'"');
        } else if serde_json::to_writer(Inert(&mut *out), self).is_err() {
            unreachable!("a string is JSON, and memory takes it");
        }
    }
}

impl Put for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_str().put(out);
    }
}

impl Put for Timestamp {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.as_nanos().put(out);
    }
}

impl Put for Nanos {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        self.get().put(out);
    }
}

impl Put for TimeOfDay {
    fn put(&self, out: &mut Vec<u8>) {
        let (hour, minute, second) = self.parts();
        let [h, m, s] = [hour, minute, second].map(|n| [b'0' + n / 10, b'0' + n % 10]);
        out.extend_from_slice(&[b'"', h[0], h[1], b':', m[0], m[1], b':', s[0], s[1], b'"']);
    }
}

impl Put for Endpoint {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"ip\":\"");
        match self.ip {
            IpAddr::V4(ip) => {
                for (at, octet) in ip.octets().into_iter().enumerate() {
                    if at > 0 {
                        out.push(b'.');
                    }
                    u64::from(octet).put(out);
                }
            }
            // Memory takes what is written.
            IpAddr::V6(ip) => drop(write!(out, "{ip}")),
        }
        out.extend_from_slice(b"\",\"port\":");
        self.port.put(out);
        out.push(b'}');
    }
}

/// Appends an object of the fields of `$value` that are named, which are all.
macro_rules! object {
    ($out:ident, $value:expr, $kind:ident { $first:ident: $said:expr $(, $name:ident: $then:expr)* $(,)? }) => {
        let $kind { $first, $($name),* } = $value;
        $out.extend_from_slice(concat!("{\"", stringify!($first), "\":").as_bytes());
        $said.put($out);
        $(
            $out.extend_from_slice(concat!(",\"", stringify!($name), "\":").as_bytes());
            $then.put($out);
        )*
        $out.push(b'}');
    };
}

impl Put for Handshake {
    fn put(&self, out: &mut Vec<u8>) {
        object!(
            out,
            self,
            Handshake {
                syn_ns: syn_ns,
                syn_ack_ns: syn_ack_ns,
                ack_ns: ack_ns,
                syn_count: syn_count,
            }
        );
    }
}

impl Put for Exchange {
    fn put(&self, out: &mut Vec<u8>) {
        object!(
            out,
            self,
            Exchange {
                request_ns: request_ns,
                request_seq: request_seq.map(u32::from),
                response_ns: response_ns,
                answer: answer,
                valid: valid,
                problem: problem.as_deref(),
                response_segments: response_segments.map(u16::from),
                response_coalesced: response_coalesced,
                serve_pid: serve_pid.map(|pid| pid.0),
                serve_tid: serve_tid.map(|tid| tid.0),
            }
        );
    }
}

impl Put for ClientOwner {
    fn put(&self, out: &mut Vec<u8>) {
        object!(
            out,
            self,
            ClientOwner {
                worker: worker.0,
                pid: pid.0,
                tid: tid.0,
                provenance: provenance.name(),
            }
        );
    }
}

impl Put for ServerOwner {
    fn put(&self, out: &mut Vec<u8>) {
        object!(
            out,
            self,
            ServerOwner {
                pid: pid.0,
                accept_tid: accept_tid.map(|tid| tid.0),
                serve_tid: serve_tid.map(|tid| tid.0),
                send_tid: send_tid.map(|tid| tid.0),
                provenance: provenance.name(),
            }
        );
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        Close, ConnState, FlowId, FlowLine, Incomplete, Pid, Provenance, Tid, WorkerId,
    };

    /// Numbers and texts for the fields of a flow, whatever they are.
    struct Any<'a> {
        numbers: std::iter::Cycle<std::slice::Iter<'a, u64>>,
        text: &'a str,
    }

    impl Any<'_> {
        fn u64(&mut self) -> u64 {
            let n = *self.numbers.next().unwrap();
            // Of every length, 0 and the greatest among them.
            n >> (n % 65).min(63)
        }

        fn u32(&mut self) -> u32 {
            u32::try_from(self.u64() >> 32).unwrap()
        }

        fn i64(&mut self) -> i64 {
            self.u64().cast_signed()
        }

        fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
            all[usize::try_from(self.u64() % all.len() as u64).unwrap()]
        }

        fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
            (!self.u64().is_multiple_of(3)).then(|| value(self))
        }

        fn at(&mut self) -> Timestamp {
            Timestamp::from_nanos(self.i64())
        }

        fn end(&mut self) -> Endpoint {
            let (high, low) = (self.u64(), self.u64());
            let ip = match self.u64() % 3 {
                0 => Ipv4Addr::from_bits((high >> 32) as u32).into(),
                1 => Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into(),
                _ => Ipv4Addr::from_bits((low >> 32) as u32)
                    .to_ipv6_mapped()
                    .into(),
            };
            Endpoint::new(ip, (self.u64() >> 48) as u16)
        }

        fn exchange(&mut self) -> Exchange {
            Exchange {
                request_ns: self.at(),
                request_seq: self.maybe(|a| a.u32().try_into().ok()).flatten(),
                response_ns: self.maybe(Self::at),
                answer: self
                    .maybe(|a| TimeOfDay::new(a.one_of(&[0, 9, 23]), 59, a.one_of(&[7, 60])))
                    .flatten(),
                valid: self.maybe(|a| a.one_of(&[true, false])),
                problem: self.maybe(|a| a.text.into()),
                response_segments: self
                    .maybe(|a| ((a.u64() >> 48) as u16).try_into().ok())
                    .flatten(),
                response_coalesced: self.maybe(|a| a.one_of(&[true, false])),
                serve_pid: self.maybe(|a| Pid(a.u32())),
                serve_tid: self.maybe(|a| Tid(a.u32())),
            }
        }

        fn line(&mut self) -> FlowLine {
            let provenance = Provenance::ALL;
            let exchanges = self.u64() % 4;
            let reasons = usize::try_from(self.u64() % 4).unwrap();
            FlowLine {
                flow: FlowId(self.u64()),
                client: self.end(),
                server: self.end(),
                vni: self.maybe(Self::u32),
                first_ns: self.at(),
                last_ns: self.at(),
                client_frames: self.u64(),
                server_frames: self.u64(),
                client_wire_bytes: self.u64(),
                server_wire_bytes: self.u64(),
                client_payload_bytes: self.u64(),
                server_payload_bytes: self.u64(),
                client_stream_bytes: self.maybe(Self::u64),
                server_stream_bytes: self.maybe(Self::u64),
                client_retransmissions: self.u64(),
                server_retransmissions: self.u64(),
                client_out_of_order: self.u64(),
                server_out_of_order: self.u64(),
                client_duplicate_acks: self.u64(),
                server_duplicate_acks: self.u64(),
                client_zero_windows: self.u64(),
                server_zero_windows: self.u64(),
                initial_rtt_ns: self.maybe(|a| Nanos::new(a.i64())),
                state: self.one_of(&ConnState::ALL),
                history: self.text.to_owned(),
                handshake: self.maybe(|a| Handshake {
                    syn_ns: a.at(),
                    syn_ack_ns: a.maybe(Self::at),
                    ack_ns: a.maybe(Self::at),
                    syn_count: a.u32(),
                }),
                close: self.one_of(&Close::ALL),
                client_closed_ns: self.maybe(Self::at),
                server_closed_ns: self.maybe(Self::at),
                exchanges: (0..exchanges).map(|_| self.exchange()).collect(),
                exchanges_omitted: self.u64(),
                incomplete: Incomplete::ALL[..reasons].to_vec(),
                client_owner: self.maybe(|a| ClientOwner {
                    worker: WorkerId(a.u32()),
                    pid: Pid(a.u32()),
                    tid: Tid(a.u32()),
                    provenance: a.one_of(&provenance),
                }),
                server_owner: self.maybe(|a| ServerOwner {
                    pid: Pid(a.u32()),
                    accept_tid: a.maybe(|a| Tid(a.u32())),
                    serve_tid: a.maybe(|a| Tid(a.u32())),
                    send_tid: a.maybe(|a| Tid(a.u32())),
                    provenance: a.one_of(&provenance),
                }),
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_written_as_serde_writes_it(
            numbers in prop::collection::vec(any::<u64>(), 1..150),
            text in prop_oneof!["[A-Za-z^]{0,9}", any::<String>(), "[\\x00-\\x7f\"\\\\é\u{2028}]{0,9}"],
            file in prop::option::of(any::<String>()),
        ) {
            #[derive(serde::Serialize)]
            struct InFile<'a> {
                file: &'a str,
                #[serde(flatten)]
                line: &'a FlowLine,
            }
            let line = Any { numbers: numbers.iter().cycle(), text: &text }.line();
            let mut expected = Vec::new();
            match &file {
                None => serde_json::to_writer(Inert(&mut expected), &line).unwrap(),
                Some(file) => {
                    serde_json::to_writer(Inert(&mut expected), &InFile { file, line: &line }).unwrap();
                }
            }
            let expected = String::from_utf8(expected).unwrap() + "\n";
            let mut out = b"before".to_vec();
            put_flow(file.as_deref(), &line.into(), &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
        }
    }
}
