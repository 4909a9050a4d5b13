//! Remedies around proxies.

use crate::http::{ProxyAddressError, ProxyError, ProxyFailure};

/// What to do about an address that is no proxy's.
pub(super) fn address(name: &str, reason: ProxyAddressError) -> String {
    match reason {
        ProxyAddressError::Socks | ProxyAddressError::Scheme | ProxyAddressError::Host => {
            let without =
                if name == "proxy.url" { "leave it out" } else { "to nothing in the `env` of the provider's entry" };
            format!("set `{name}` to an HTTP proxy such as `http://proxy.example:3128`, or {without}")
        }
        ProxyAddressError::UserInformation => {
            format!("set `{name}` to the address alone; `proxy.credentialsFile` names a file with `user:password`")
        }
    }
}

/// What to do about a proxy that led nowhere.
pub(super) fn failure(error: &ProxyError, bundle: &str) -> String {
    let ProxyError { proxy, named_by, failure } = error;
    let around = way_around(named_by);
    match failure {
        ProxyFailure::Credentials(_) => {
            "name a readable file with one line of `user:password` in `proxy.credentialsFile`".into()
        }
        ProxyFailure::Unreachable { .. } => {
            format!("check `{named_by}`, and name, port and firewall between the node and `{proxy}`; {around}")
        }
        ProxyFailure::Certificate { .. } => {
            format!(
                "check the scheme of `{named_by}` and the proxy's certificate; name a bundle with its CA in {bundle}"
            )
        }
        ProxyFailure::Anonymous { .. } if *named_by == "proxy.url" => {
            "name a file with one line of `user:password` in `proxy.credentialsFile`".into()
        }
        ProxyFailure::Anonymous { .. } => {
            format!(
                "set `{named_by}` to `http://USER:PASSWORD@{proxy}`, with other signs than letters and digits escaped as in URLs"
            )
        }
        ProxyFailure::Unauthorized { .. } if *named_by == "proxy.url" => {
            "correct `user:password` in the file that `proxy.credentialsFile` names; it takes Basic only".into()
        }
        ProxyFailure::Unauthorized { .. } => {
            format!(
                "correct user and password in `{named_by}`, with other signs than letters and digits escaped as in URLs; it takes Basic only"
            )
        }
        ProxyFailure::Refused { target, status: 500.. } => {
            format!("see the log of the proxy: it has to find and reach `{target}`; {around}")
        }
        ProxyFailure::Refused { target, .. } => {
            format!("allow CONNECT to `{target}` in the rules of the proxy; {around}")
        }
        ProxyFailure::Broken { target } | ProxyFailure::Silence { target, .. } => {
            format!("see the log and load of the proxy, and whether it reaches `{target}`; {around}")
        }
        ProxyFailure::Foreign => format!("check that `{named_by}` names the port of an HTTP proxy, and its scheme"),
        ProxyFailure::SilentTunnel { target, .. } => {
            format!("check that the proxy reaches `{target}` (its firewall, its load), and `{target}` itself; {around}")
        }
    }
}

/// How a host is reached without the proxy.
fn way_around(named_by: &str) -> &'static str {
    match named_by {
        "proxy.url" => "`proxy: direct` on the route goes without it",
        _ => "`NO_PROXY` names hosts to reach without it",
    }
}
