//! Whom a request is for, as far as proxies are concerned.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use reqwest::Url;

/// The metadata server of Google's IPv6-only machines.
///
/// Source: Compute Engine documentation, "View and query VM metadata".
const GOOGLE_METADATA: Ipv6Addr = Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254);

/// The name of Google's metadata server, which stands for a link-local address.
///
/// Source: Compute Engine documentation, "View and query VM metadata".
const GOOGLE_METADATA_NAME: &str = "metadata.google.internal";

/// A host and port that a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// In small letters, without brackets or a final dot.
    host: String,
    port: u16,
}

impl Target {
    /// The target of a URL, if it has one.
    pub(super) fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_matches(['[', ']']);
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        Some(Self { host, port: url.port_or_known_default()? })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address, if the host is one. An IPv4 address in the clothes of an IPv6 one is the IPv4 address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok().map(|address: IpAddr| address.to_canonical())
    }

    /// Whether it is this node or on its link: loopback, link-local addresses, and the clouds' metadata services and agents.
    pub(super) fn is_near(&self) -> bool {
        match self.address() {
            Some(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified() || address.is_link_local(),
            Some(IpAddr::V6(address)) => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unicast_link_local()
                    || is_of_ec2(address)
                    || address == GOOGLE_METADATA
            }
            None => self.host == "localhost" || self.host.ends_with(".localhost") || self.host == GOOGLE_METADATA_NAME,
        }
    }
}

/// Whether an address is of `fd00:ec2::/32`, where EC2 keeps what is link-local in IPv4.
///
/// Source: Amazon EC2 user guide, "Access instance metadata", and Amazon EKS user guide, "EKS Pod Identity".
fn is_of_ec2(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0xfd00, 0x0ec2, ..])
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse() {
            Ok(IpAddr::V6(address)) => write!(formatter, "[{address}]:{}", self.port),
            _ => write!(formatter, "{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_written_as_connect_takes_it() {
        for (url, written) in [
            ("https://ACME.jfrog.io/x", "acme.jfrog.io:443"),
            ("http://acme.jfrog.io.", "acme.jfrog.io:80"),
            ("https://[2001:db8::1]:5000/", "[2001:db8::1]:5000"),
        ] {
            let target = Target::of(&Url::parse(url).expect(url)).expect(url);
            assert_eq!(target.to_string(), written);
        }
    }
}
