//! NFLOG: what the packet filter of Linux logs
//! (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>).

use super::Skip;
use super::next::{Network, Next};

/// The values of a frame: a length of four bytes and more, a type, padding to four.
const HEADER: usize = 4;
const VALUE_HEADER: usize = 4;
/// The value that is the packet (`NFULA_PAYLOAD`).
const PAYLOAD: u16 = 9;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

pub(super) fn strip(bytes: &[u8]) -> Result<Network<'_>, Skip> {
    let [family, version, _, _] = *bytes.first_chunk::<HEADER>().ok_or(Skip::Truncated)?;
    let next = match family {
        AF_INET => Next::V4,
        AF_INET6 => Next::V6,
        _ => return Err(Skip::NotIp),
    };
    if version != 0 {
        return Err(Skip::Malformed);
    }
    let values = &bytes[HEADER..];
    // The numbers are in the byte order of the host that captured.
    let found =
        payload(values, u16::from_le_bytes).or_else(|_| payload(values, u16::from_be_bytes));
    Ok((next, found?))
}

/// The packet among the values.
fn payload(mut values: &[u8], number: fn([u8; 2]) -> u16) -> Result<&[u8], Skip> {
    loop {
        let [l1, l2, t1, t2] = *values
            .first_chunk::<VALUE_HEADER>()
            .ok_or(Skip::Truncated)?;
        let len = usize::from(number([l1, l2]));
        // The two highest bits are flags.
        let kind = number([t1, t2]) & 0x3fff;
        if len < VALUE_HEADER {
            return Err(Skip::Malformed);
        }
        if kind == PAYLOAD {
            let end = len.min(values.len());
            return Ok(&values[VALUE_HEADER..end]);
        }
        let next = len.next_multiple_of(4);
        values = values.get(next..).ok_or(Skip::Truncated)?;
    }
}
