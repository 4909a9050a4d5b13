//! Addresses in brackets as Go accepts them.
//!
//! Upstream: Go's [`netip.ParseAddr`](https://pkg.go.dev/net/netip#ParseAddr).

use std::net::Ipv6Addr;

/// Whether a text is an IPv6 address, with or without a zone; an IPv4 address is none.
pub(super) fn is_v6(text: &[u8]) -> bool {
    let percent = text.iter().position(|byte| *byte == b'%');
    let (address, zone) = percent.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
    let is_address = std::str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    is_address && zone != Some(b"".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_version_6_are_taken() {
        for good in ["::1", "fe80::1", "::ffff:1.2.3.4", "fe80::1%eth0", "2001:db8::", "1:2:3:4:5:6:7:8"] {
            assert!(is_v6(good.as_bytes()), "{good}");
        }
        for bad in ["", "1.2.3.4", "a-f", "::1%", "%eth0", "1:2:3", "::g", "12345::", ":::", "::1.2.3.04"] {
            assert!(!is_v6(bad.as_bytes()), "{bad}");
        }
    }
}
