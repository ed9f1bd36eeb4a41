//! Packets that can be told apart: a number of eight bytes, big-endian, then a pattern of it.

use bytes::Bytes;

/// The smallest packet.
pub const LEAST_BYTES: usize = 8;

/// Packet `number`, of `size` bytes.
pub fn packet(number: u64, size: usize) -> Bytes {
    let mut packet = Vec::with_capacity(size);
    packet.extend_from_slice(&number.to_be_bytes());
    packet.extend((LEAST_BYTES..size).map(|at| pattern(number, at)));
    packet.into()
}

/// The number of a packet of `size` bytes, if every byte is right.
pub fn number(packet: &[u8], size: usize) -> Option<u64> {
    let number = u64::from_be_bytes(packet.get(..LEAST_BYTES)?.try_into().ok()?);
    let whole = packet.len() == size
        && (LEAST_BYTES..size).all(|at| packet[at] == pattern(number, at));
    whole.then_some(number)
}

fn pattern(number: u64, at: usize) -> u8 {
    (number as usize).wrapping_add(at) as u8
}
