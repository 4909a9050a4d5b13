//! The name that a server is asked for (SNI), where it is not the host of its address.
//!
//! # Why the address is rewritten
//! A server that has several certificates shows the one of the name that it is asked for, and the HTTP library asks for the
//! host of the URL. So the URL gets the name, the name resolves to the host's addresses, and the `Host` header stays as it was.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{ClientBuilder, Url};
use rustls::pki_types::DnsName;

/// A name to ask a server for, and the host where the server is.
#[derive(Clone, Debug)]
pub(in crate::http) struct AskedName {
    name: DnsName<'static>,
    /// A host name, or an address without brackets.
    host: Arc<str>,
}

impl AskedName {
    /// `authority` is a host and perhaps a port.
    pub(in crate::http) fn of(name: &DnsName<'static>, authority: &str) -> Option<Self> {
        let url = Url::parse(&format!("https://{authority}/")).ok()?;
        Some(Self { name: name.clone(), host: url.host_str()?.trim_matches(['[', ']']).into() })
    }

    /// A client that finds the server at its host.
    pub(in crate::http) fn resolved_by(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.dns_resolver(self.clone())
    }

    /// The URL with the name, and the `Host` that it had; `None` where nobody is asked for a name.
    pub(in crate::http) fn rewrite(&self, url: &str) -> Option<(Url, String)> {
        let mut named = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
        let host = named.authority().to_owned();
        named.set_host(Some(self.name.as_ref())).ok()?;
        Some((named, host))
    }
}

impl Resolve for AskedName {
    /// The only name that is looked for is the one that stands for the host.
    fn resolve(&self, _: Name) -> Resolving {
        let host = self.host.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((&*host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(authority: &str) -> AskedName {
        let name = DnsName::try_from("artifactory.internal").expect("a name");
        AskedName::of(&name, authority).expect(authority)
    }

    #[test]
    fn only_the_host_of_the_url_gives_way_to_the_name() {
        for (authority, host) in [("10.0.0.1", "10.0.0.1"), ("[::1]:8443", "::1"), ("lb.example:8443", "lb.example")] {
            let asked = asked(authority);
            assert_eq!(&*asked.host, host);
            let (url, kept) = asked.rewrite(&format!("https://{authority}/access?x=1")).expect("a URL");
            assert_eq!(kept, authority);
            let port = if authority.ends_with(":8443") { ":8443" } else { "" };
            assert_eq!(url.as_str(), format!("https://artifactory.internal{port}/access?x=1"));
        }
    }

    #[test]
    fn without_tls_nobody_is_asked_for_a_name() {
        assert!(asked("10.0.0.1").rewrite("http://10.0.0.1/").is_none());
    }

    #[tokio::test]
    async fn the_name_resolves_to_the_addresses_of_the_host() {
        for (authority, address) in [("127.0.0.1:1", "127.0.0.1:0"), ("[::1]", "[::1]:0")] {
            let name = "artifactory.internal".parse().expect("a name");
            let found: Vec<_> = asked(authority).resolve(name).await.expect("addresses").collect();
            assert_eq!(found, [address.parse().expect("an address")]);
        }
    }
}
