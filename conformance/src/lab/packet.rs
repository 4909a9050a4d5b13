//! One IP packet on its way back: source and destination exchanged.
//!
//! A client at S that connects to D at port 443 thereby meets the listener at S at port 443, which sees a client at D; what
//! that listener answers goes to D and comes back from D in the same way. Nothing has to be remembered.

use std::net::IpAddr;

/// The protocol number of TCP: RFC 9293.
const TCP: u8 = 6;
/// Where TCP has its checksum: RFC 9293, section 3.1.
const CHECKSUM: usize = 16;

/// Answers where a packet is going; `None` for what is no packet.
pub(super) fn destination(packet: &[u8]) -> Option<IpAddr> {
    match packet.first()? >> 4 {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(packet.get(16..20)?).ok()?)),
        6 => Some(IpAddr::from(<[u8; 16]>::try_from(packet.get(24..40)?).ok()?)),
        _ => None,
    }
}

/// Exchanges source and destination.
///
/// The checksum of TCP is made anew: a packet that never was on a wire has only begun to have one.
pub(super) fn turn_back(packet: &mut [u8]) {
    let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
    let (source, destination) = if is_v4 { (12..16, 16..20) } else { (8..24, 24..40) };
    if packet.len() < destination.end {
        return;
    }
    for (from, to) in source.clone().zip(destination.clone()) {
        packet.swap(from, to);
    }
    let (protocol, header) = if is_v4 { (packet[9], usize::from(packet[0] & 15) * 4) } else { (packet[6], 40) };
    if protocol == TCP && packet.len() >= header + CHECKSUM + 2 {
        let addresses = sum(&packet[source.start..destination.end]);
        let segment = &mut packet[header..];
        segment[CHECKSUM..CHECKSUM + 2].fill(0);
        let length = u32::try_from(segment.len()).unwrap_or_default();
        let checksum = folded(addresses + u32::from(TCP) + length + sum(segment));
        segment[CHECKSUM..CHECKSUM + 2].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// The sum of 16-bit words: RFC 1071.
fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    bytes.chunks(2).map(word).sum()
}

/// The one's complement of a sum in 16 bits.
fn folded(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    let twice = (once & 0xffff) + (once >> 16);
    !u16::try_from(twice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `SYN` from 198.18.0.1:40000 to 198.18.2.1:443 whose checksum holds only what a device is to complete.
    fn syn() -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, TCP, 0, 0];
        packet.extend([198, 18, 0, 1, 198, 18, 2, 1]);
        packet.extend([0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, 2, 0xfa, 0xf0, 0x12, 0x34, 0, 0]);
        packet
    }

    #[test]
    fn a_packet_goes_back_to_where_it_came_from_by_the_same_port() {
        let mut packet = syn();
        assert_eq!(destination(&packet), Some("198.18.2.1".parse().unwrap()));
        turn_back(&mut packet);
        assert_eq!(destination(&packet), Some("198.18.0.1".parse().unwrap()));
        assert_eq!(packet[20..24], syn()[20..24]);
    }

    #[test]
    fn the_checksum_is_complete_afterwards() {
        let mut packet = syn();
        turn_back(&mut packet);
        // With its checksum, a segment sums up to all ones: RFC 1071, section 1.
        let all = sum(&packet[12..20]) + u32::from(TCP) + 20 + sum(&packet[20..]);
        assert_eq!(folded(all), 0);
    }

    #[test]
    fn what_is_no_packet_stays_as_it_is() {
        for bytes in [&[][..], &[0x45, 0, 0], &[0x60; 39], &[0x12; 60]] {
            let mut copy = bytes.to_vec();
            if destination(bytes).is_none() && bytes.len() < 40 {
                turn_back(&mut copy);
                assert_eq!(copy, bytes);
            }
        }
    }
}
