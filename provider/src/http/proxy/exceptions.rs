//! The hosts that are reached without the proxy: `NO_PROXY`.
//!
//! # Whose reading counts
//! Go's, because the kubelet and the container runtime read the same variable on the same node: what they reach directly
//! is reached directly here, and nothing else. So `.example.com` means the names below `example.com` and not that name
//! itself, where curl means both. What Go makes nothing of is read as curl reads it: blanks separate entries as well, and
//! the dot at the end of a name does not count. One thing of Go's is left out: a name beyond ASCII has to be written as URLs
//! have it, in Punycode.
//! Sources: Go module `golang.org/x/net`, package `http/httpproxy`; curl's manual, `--noproxy`.

use std::net::IpAddr;

use super::Target;

/// Hosts that are reached directly, however else the others are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    /// `*`
    Everything,
    /// `10.0.0.0/8`
    Network { address: IpAddr, bits: u8 },
    /// `10.1.2.3` or `[2001:db8::1]:443`
    Address { address: IpAddr, port: Option<String> },
    /// `example.com`, `.example.com` or `*.example.com`, each with or without a port
    Name { name: String, scope: Scope, port: Option<String> },
}

/// Which names an entry with a name is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The name and all below it.
    Whole,
    /// What is below the name.
    Below,
}

impl Exceptions {
    /// Reads a list; an entry that nothing can match is passed over, as every reader of the variable does.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let entries = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(|entry| Exception::parse(&entry.to_lowercase())).collect())
    }

    pub(super) fn contain(&self, target: &Target) -> bool {
        self.0.iter().any(|exception| exception.covers(target))
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some(network) = network(entry) {
            return Some(network);
        }
        let (host, port) = split_port(entry);
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Some(Self::Address { address: address.to_canonical(), port });
        }
        let below = host.strip_prefix("*.").or_else(|| host.strip_prefix('.'));
        let scope = if below.is_some() { Scope::Below } else { Scope::Whole };
        let name = below.unwrap_or(host);
        let name = name.strip_suffix('.').unwrap_or(name);
        (!name.is_empty()).then(|| Self::Name { name: name.to_owned(), scope, port })
    }

    fn covers(&self, target: &Target) -> bool {
        let at = |port: &Option<String>| port.as_ref().is_none_or(|port| *port == target.port().to_string());
        match (self, target.address()) {
            (Self::Everything, _) => true,
            (Self::Network { address, bits }, Some(of)) => is_within(of, *address, *bits),
            (Self::Address { address, port }, Some(of)) => *address == of && at(port),
            (Self::Name { name, scope, port }, None) => {
                let rest = target.host().strip_suffix(name.as_str());
                let covered = rest.is_some_and(|rest| match scope {
                    Scope::Whole => rest.is_empty() || rest.ends_with('.'),
                    Scope::Below => rest.ends_with('.'),
                });
                covered && at(port)
            }
            _ => false,
        }
    }
}

/// `address/bits`, with no more bits than the address has.
fn network(entry: &str) -> Option<Exception> {
    let (address, bits) = entry.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Exception::Network { address, bits })
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(32 - u32::from(bits)).unwrap_or_default() == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = address.to_bits() ^ network.to_bits();
            differ.checked_shr(128 - u32::from(bits)).unwrap_or_default() == 0
        }
        _ => false,
    }
}

/// The host, in brackets if it was, and the port; an IPv6 address without brackets has none, and an empty one is none.
fn split_port(entry: &str) -> (&str, Option<String>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.to_owned()).filter(|port| !port.is_empty()))
        }
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        urls: Vec<String>,
        lists: Vec<List>,
    }

    #[derive(Deserialize)]
    struct List {
        no_proxy: String,
        direct: Vec<String>,
    }

    fn is_direct(list: &str, url: &str) -> bool {
        let target = Target::of(&Url::parse(url).expect(url)).expect(url);
        target.is_near() || Exceptions::parse(list).contain(&target)
    }

    #[test]
    fn a_list_is_read_as_go_reads_it() {
        let text = include_str!("../../../vectors/proxy/no_proxy.json");
        let vectors: Vectors = serde_json::from_str(text).expect("vectors");
        assert!(vectors.lists.len() >= 40 && vectors.urls.len() >= 20);
        for List { no_proxy, direct } in &vectors.lists {
            for url in &vectors.urls {
                assert_eq!(is_direct(no_proxy, url), direct.contains(url), "`{no_proxy}` {url}");
            }
        }
    }

    /// Source: curl's manual, `--noproxy`; libcurl's manual, `CURLOPT_NOPROXY`.
    #[test]
    fn a_list_for_curl_is_understood() {
        let table = [
            ("local.com", "https://local.com/", true),
            ("local.com", "https://local.com:80/", true),
            ("local.com", "https://www.local.com/", true),
            ("local.com", "https://www.notlocal.com/", false),
            ("ample.com", "https://ample.com.org/", false),
            ("example.com,2001:db8::1,localhost", "https://[2001:db8::1]/", true),
            ("192.168.0.0/16", "https://192.168.9.9/", true),
            ("192.168.0.0/16", "https://192.169.0.1/", false),
            ("a.example b.example\tc.example", "https://b.example/", true),
            ("example.com.", "https://example.com/", true),
            ("example.com", "https://example.com./", true),
            ("[2001:db8::1]", "https://[2001:db8::1]/", true),
        ];
        for (list, url, direct) in table {
            assert_eq!(is_direct(list, url), direct, "`{list}` {url}");
        }
    }

    #[test]
    fn the_whole_network_and_the_single_address_are_networks() {
        for (list, url, direct) in [
            ("0.0.0.0/0", "https://10.0.0.1/", true),
            ("::/0", "https://10.0.0.1/", false),
            ("10.0.0.1/32", "https://10.0.0.1/", true),
            ("10.0.0.1/32", "https://10.0.0.2/", false),
            ("2001:db8::1/128", "https://[2001:db8::1]/", true),
            ("2001:db8::1/128", "https://[2001:db8::2]/", false),
            ("10.0.0.0/-1", "https://10.0.0.1/", false),
        ] {
            assert_eq!(is_direct(list, url), direct, "`{list}` {url}");
        }
    }
}
