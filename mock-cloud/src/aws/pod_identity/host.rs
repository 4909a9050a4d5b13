//! The address by which the agent lets itself be called.

use std::net::IpAddr;

/// The two addresses of the agent on every node.
///
/// Source: aws/eks-pod-identity-agent, `configuration/config.go`.
pub(super) const ADDRESSES: [&str; 2] = ["169.254.170.23", "fd00:ec2::23"];

/// Whether a `Host` header, without its port and brackets, is one of the two addresses; else what it is.
///
/// A loopback host counts as one of them, since that is how a mock without the real addresses is reached.
pub(super) fn is_the_agent(host: &str) -> Result<(), &str> {
    let name = without_port(host);
    let is_local = name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if is_local || ADDRESSES.contains(&name) { Ok(()) } else { Err(name) }
}

/// The host without port and brackets, as Go's `net.SplitHostPort` has it.
pub(crate) fn without_port(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_called_by_its_addresses_or_by_a_loopback_one() {
        for host in [
            "169.254.170.23",
            "169.254.170.23:80",
            "[fd00:ec2::23]",
            "[fd00:ec2::23]:80",
            "127.0.0.1:4711",
            "localhost:4711",
            "[::1]:4711",
        ] {
            assert_eq!(is_the_agent(host), Ok(()), "{host}");
        }
        for (host, name) in [
            ("169.254.169.254", "169.254.169.254"),
            ("agent.example:80", "agent.example"),
            ("[fd00:ec2::24]:80", "fd00:ec2::24"),
            ("localhost.example", "localhost.example"),
            ("", ""),
        ] {
            assert_eq!(is_the_agent(host), Err(name), "{host}");
        }
    }
}
