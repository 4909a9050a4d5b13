//! Through which proxy a far service is reached, if through any.
//!
//! # Why the tunnel is opened here
//! The HTTP library can go through a proxy, but keeps to itself with which status the proxy refused, and its reading of
//! `NO_PROXY` is not Go's, by which the kubelet and the container runtime of the same node go. So the library never learns
//! of a proxy, and what is asked through one is asked in `client`.

use reqwest::Url;

mod address;
mod client;
mod connection;
mod error;
mod exceptions;
mod target;
mod way;

pub use address::{Proxy, ProxyAddressError, ProxyCredentials};
pub(super) use client::{Patience, ProxyClient};
pub use error::{ProxyError, ProxyFailure, Waited};
pub use exceptions::Exceptions;
use target::Target;

/// Which targets are reached through which proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxies {
    /// Every target is reached directly.
    #[default]
    Direct,
    /// One proxy for all targets but these and those that no proxy may ever see.
    Through {
        /// The proxy.
        proxy: Box<Proxy>,
        /// What is reached directly all the same.
        except: Exceptions,
    },
}

/// How one target is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via<'p> {
    /// Without a proxy.
    Direct,
    /// Through this proxy.
    Proxy(&'p Proxy),
}

impl Proxies {
    /// How a target is reached: never through a proxy when it is this node or on its link, whatever is configured.
    #[must_use]
    pub fn via(&self, url: &Url) -> Via<'_> {
        match (self, Target::of(url)) {
            (Self::Through { proxy, except }, Some(target)) if !target.is_near() && !except.contain(&target) => {
                Via::Proxy(proxy)
            }
            _ => Via::Direct,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn through(address: &str, except: &str) -> Proxies {
        let proxy = Proxy::parse(address, "HTTPS_PROXY").expect(address).into();
        Proxies::Through { proxy, except: Exceptions::parse(except) }
    }

    fn is_proxied(proxies: &Proxies, url: &str) -> bool {
        proxies.via(&Url::parse(url).expect(url)) != Via::Direct
    }

    #[test]
    fn a_far_service_is_reached_through_the_proxy() {
        let proxies = through("proxy.example:3128", "");
        for url in ["https://acme.jfrog.io/", "http://10.0.0.1:8081/", "https://[2001:db8::1]/", "https://169.253.0.1/"]
        {
            assert!(is_proxied(&proxies, url), "{url}");
            assert!(!is_proxied(&Proxies::Direct, url), "{url}");
        }
    }

    #[test]
    fn what_is_near_is_never_reached_through_a_proxy() {
        let proxies = through("proxy.example:3128", "");
        for host in [
            "169.254.169.254",
            "169.254.170.23",
            "[fd00:ec2::254]",
            "[fd00:ec2::23]",
            "[fd20:ce::254]",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:127.0.0.1]",
            "127.0.0.1",
            "127.9.9.9",
            "127.1",
            "0x7f000001",
            "2852039166",
            "0.0.0.0",
            "[::]",
            "[::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "docker.localhost",
            "metadata.google.internal",
            "Metadata.Google.Internal.",
        ] {
            for scheme in ["http", "https"] {
                assert!(!is_proxied(&proxies, &format!("{scheme}://{host}:8080/")), "{scheme} {host}");
            }
        }
    }

    /// An address on the link or on this node, as a URL writes it.
    fn near() -> impl Strategy<Value = String> {
        let link = (any::<u8>(), any::<u8>()).prop_map(|(c, d)| Ipv4Addr::new(169, 254, c, d).to_string());
        let loopback = any::<[u8; 3]>().prop_map(|[b, c, d]| Ipv4Addr::new(127, b, c, d).to_string());
        let link_v6 = (0_u16..0x40, any::<[u16; 7]>())
            .prop_map(|(low, [b, c, d, e, f, g, h])| format!("[{}]", Ipv6Addr::new(0xfe80 | low, b, c, d, e, f, g, h)));
        let services = any::<[u16; 6]>()
            .prop_map(|[c, d, e, f, g, h]| format!("[{}]", Ipv6Addr::new(0xfd00, 0x0ec2, c, d, e, f, g, h)));
        let names = prop::sample::select(vec!["localhost", "a.localhost", "metadata.google.internal", "[::1]"]);
        prop_oneof![link, loopback, link_v6, services, names.prop_map(str::to_owned)]
    }

    proptest! {
        #[test]
        fn no_setting_puts_a_proxy_before_what_is_near(
            address in "(https?://)?([a-z]{1,8}:[a-z]{1,8}@)?[a-z]{1,10}(\\.[a-z]{2,5})?:[1-9][0-9]{0,3}/?",
            except in "[a-z0-9.,:/* \\[\\]-]{0,40}",
            host in near(),
            scheme in "https?",
            port in 1_u16..,
        ) {
            let url = format!("{scheme}://{host}:{port}/latest");
            prop_assert!(!is_proxied(&through(&address, &except), &url), "{} {} {}", address, except, url);
        }
    }
}
