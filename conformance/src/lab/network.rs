//! Addresses and routes of a lab: where its hosts are, and how long the way is.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::link::{self, Delay};
use super::place::Plan;
use super::{LabError, Machine, tool};

/// Where the mocks listen: addresses of the block for benchmarks, which no machine has (RFC 2544, appendix C.2.2).
const CLOUD: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const CLOUD_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x1ab, 0, 0, 0, 0, 0, 1);
const ARTIFACTORY: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 2);

/// EC2 user guide, "Access instance metadata for an EC2 instance"; Azure and Compute Engine have the first of them too.
const METADATA: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254))];
/// aws/eks-pod-identity-agent, `configuration/config.go`.
const POD_IDENTITY: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)), IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23))];
/// Compute Engine, "About VM metadata".
const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata"];

/// The hosts of a lab and the ways to them.
#[derive(Debug)]
pub(super) struct Network {
    names: BTreeMap<String, IpAddr>,
    /// The addresses of the node's own services that are no further away than the node itself.
    near: Vec<IpAddr>,
    unreachable: Vec<IpAddr>,
    delays: BTreeMap<IpAddr, Delay>,
}

/// Who listens for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hosts<'a> {
    /// Names of the clouds' services.
    pub(super) clouds: &'a [String],
    /// Names of Artifactory.
    pub(super) artifactory: &'a [String],
}

impl Network {
    /// Where the clouds' services listen with TLS, beside every address at port 80.
    pub(super) const CLOUDS: SocketAddr = SocketAddr::new(IpAddr::V4(CLOUD), 443);
    /// Where Artifactory listens.
    pub(super) const ARTIFACTORY: SocketAddr = SocketAddr::new(IpAddr::V4(ARTIFACTORY), 443);

    /// Plans the ways to these hosts; to those that a profile cuts off there is none.
    ///
    /// # Errors
    ///
    /// A round trip is to a host that the lab does not have.
    pub(super) fn plan(plan: Plan<'_>, hosts: Hosts<'_>) -> Result<Self, LabError> {
        let near = near(plan.machine);
        let metadata = if near.contains(&METADATA[0]) && has_google(plan.machine) { &METADATA_NAMES[..] } else { &[] };
        let at = |address: IpAddr| move |name: String| (name, address);
        let clouds = hosts.clouds.iter().cloned().map(at(CLOUD.into()));
        let artifactory = hosts.artifactory.iter().cloned().map(at(ARTIFACTORY.into()));
        let metadata = metadata.iter().map(|name| (*name).to_owned()).map(at(METADATA[0]));
        let names = clouds.chain(artifactory).chain(metadata).collect();
        let mut network = Self { names, near, unreachable: Vec::new(), delays: BTreeMap::new() };
        network.cut_off(|host| plan.faults.iter().any(|profile| profile.cuts_off(host)));
        plan.round_trips.iter().try_for_each(|trip| network.delay(&trip.host, trip.time))?;
        Ok(network)
    }

    /// The text of the hosts file.
    pub(super) fn hosts_file(&self, own_name: &str) -> String {
        let loopback = format!("127.0.0.1 localhost {own_name}\n::1 localhost ip6-localhost ip6-loopback\n");
        self.names.iter().fold(loopback, |text, (name, address)| format!("{text}{address} {name}\n"))
    }

    /// What is delayed, a line each.
    pub(super) fn delayed(&self) -> impl Iterator<Item = String> {
        self.delays.iter().map(|(address, delay)| {
            let names = self.names.iter().filter(|(_, known)| *known == address).map(|(name, _)| name.as_str());
            let host = names.fold(address.to_string(), |host, name| format!("{host} {name}"));
            format!("{} ms to {host}, by a delaying link", delay.round_trip.as_millis())
        })
    }

    /// Sets it up, and opens the link if anything is delayed.
    ///
    /// # Errors
    ///
    /// The kernel or `ip` refuses.
    pub(super) fn set_up(&self) -> Result<(), LabError> {
        tool::words("ip", "link set lo up")?;
        for address in [IpAddr::V4(CLOUD), CLOUD_V6.into(), ARTIFACTORY.into()].iter().chain(&self.near) {
            let added = tool::words("ip", &format!("address add {} dev lo", host_route(*address)));
            // A kernel without IPv6 has no such addresses, as many nodes have none.
            if address.is_ipv4() {
                added?;
            }
        }
        for address in &self.unreachable {
            tool::words("ip", &format!("route add unreachable {}", host_route(*address)))?;
        }
        if self.delays.is_empty() { Ok(()) } else { link::open(&self.delays) }
    }

    /// Gives each host that cannot be reached an address of its own, to which there is no route.
    fn cut_off(&mut self, is_unreachable: impl Fn(&str) -> bool) {
        let hosts = self.names.iter_mut().filter(|(name, _)| is_unreachable(name));
        for ((_, address), number) in hosts.zip(1..=u8::MAX) {
            *address = Ipv4Addr::new(198, 18, 1, number).into();
            self.unreachable.push(*address);
        }
    }

    /// Puts a host behind the link: one of the node's own services with its address, any other with a new one.
    fn delay(&mut self, host: &str, round_trip: std::time::Duration) -> Result<(), LabError> {
        let unknown = || LabError::UnknownHost(host.to_owned());
        let told = host.parse().ok();
        let address = told.or_else(|| self.names.get(host).copied()).ok_or_else(unknown)?;
        if let Some(place) = self.near.iter().position(|near| *near == address) {
            self.near.remove(place);
            let source = if address.is_ipv4() { CLOUD.into() } else { CLOUD_V6.into() };
            self.delays.insert(address, Delay { round_trip, source });
        } else if let Some(delay) = self.delays.get_mut(&address) {
            delay.round_trip = round_trip;
        } else {
            let number = u8::try_from(self.delays.len() + 1).map_err(|_| unknown())?;
            let known = self.names.get_mut(host).filter(|known| [CLOUD, ARTIFACTORY].map(IpAddr::V4).contains(known));
            let known = known.ok_or_else(unknown)?;
            let behind = IpAddr::V4(Ipv4Addr::new(198, 18, 2, number));
            let source = std::mem::replace(known, behind);
            self.delays.insert(behind, Delay { round_trip, source });
        }
        Ok(())
    }
}

/// The address as a route to one host.
pub(super) fn host_route(address: IpAddr) -> String {
    format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 })
}

fn has_google(cloud: Option<Machine>) -> bool {
    matches!(cloud, None | Some(Machine::Google))
}

/// The addresses of the node's own services.
fn near(cloud: Option<Machine>) -> Vec<IpAddr> {
    match cloud {
        None | Some(Machine::Aws) => [METADATA, POD_IDENTITY].concat(),
        Some(Machine::Azure | Machine::Google) => vec![METADATA[0]],
        Some(Machine::None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::lab::Options;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn plan(arguments: &[&str]) -> Result<Network, LabError> {
        let line = Line::parse_from([&["lab"], arguments, &["true"]].concat());
        let (clouds, artifactory) = (["sts.amazonaws.com", "login.test"].map(str::to_owned), ["a.test".to_owned()]);
        Network::plan(line.options.plan(), Hosts { clouds: &clouds, artifactory: &artifactory })
    }

    #[test]
    fn every_name_leads_to_whom_it_means() {
        insta::assert_snapshot!(plan(&[]).unwrap().hosts_file("node"), @r"
        127.0.0.1 localhost node
        ::1 localhost ip6-localhost ip6-loopback
        198.18.0.2 a.test
        198.18.0.1 login.test
        169.254.169.254 metadata
        169.254.169.254 metadata.google.internal
        198.18.0.1 sts.amazonaws.com
        ");
    }

    #[test]
    fn a_machine_of_a_cloud_has_that_clouds_addresses_and_names() {
        for (cloud, near, named) in [("aws", 4, false), ("azure", 1, false), ("google", 1, true), ("none", 0, false)] {
            let network = plan(&["--cloud", cloud]).unwrap();
            assert_eq!((network.near.len(), network.names.contains_key("metadata")), (near, named), "{cloud}");
        }
    }

    #[test]
    fn a_delayed_host_is_behind_the_link_and_leads_to_the_same_listener() {
        let trips = ["--rtt", "a.test=20ms", "--rtt", "169.254.169.254=1ms", "--rtt", "login.test=30ms"];
        let network = plan(&[&trips[..], &["--rtt", "a.test=25ms"]].concat()).unwrap();
        let lines: Vec<_> = network.delayed().collect();
        assert_eq!(lines[0], "1 ms to 169.254.169.254 metadata metadata.google.internal, by a delaying link");
        assert_eq!(lines[1], "25 ms to 198.18.2.1 a.test, by a delaying link");
        assert_eq!(lines[2], "30 ms to 198.18.2.3 login.test, by a delaying link");
        assert_eq!(network.delays[&network.names["a.test"]].source, IpAddr::V4(ARTIFACTORY));
        assert_eq!(network.delays[&network.names["login.test"]].source, IpAddr::V4(CLOUD));
        assert!(!network.near.contains(&METADATA[0]));
    }

    #[test]
    fn an_unknown_host_cannot_be_delayed() {
        for host in ["nowhere.test=1ms", "192.0.2.1=1ms"] {
            assert!(matches!(plan(&["--rtt", host]), Err(LabError::UnknownHost(_))), "{host}");
        }
        let none = plan(&["--cloud", "none", "--rtt", "169.254.169.254=1ms"]);
        assert!(matches!(none, Err(LabError::UnknownHost(_))));
    }

    #[test]
    fn a_host_that_cannot_be_reached_has_an_address_without_a_route() {
        let network = plan(&["--fault", "sts-unreachable"]).unwrap();
        assert_eq!(network.unreachable, [network.names["sts.amazonaws.com"]]);
        assert_eq!(network.names["login.test"], IpAddr::V4(CLOUD));
    }
}
