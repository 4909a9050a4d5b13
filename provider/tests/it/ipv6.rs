//! Nodes with IPv6 only, and nodes with both families where one of them leads nowhere.

use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use mock_artifactory::{MockArtifactory, Options};
use mock_cloud::{Listeners, MockCloud};
use mock_kit::{MockProxy, ProxyOptions};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::namespace::{BOTH, Network, V4, V6, run_inside};
use crate::program::{Outcome, request, run};
use crate::site::{CLOUDS, Site};

/// The connector waits this long for the first family before it tries the other as well.
///
/// Source: RFC 8305 section 8 (250 ms), hyper-util `HttpConnector::set_happy_eyeballs_timeout` (300 ms).
const HEAD_START: Duration = Duration::from_millis(300);

/// What stands at the address of the family that Artifactory is not at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Other {
    Refuses,
    Swallows,
}

async fn site(cloud: SocketAddr, artifactory: SocketAddr) -> Site {
    let listeners = Listeners { plain: cloud, tls: cloud, ..Listeners::default() };
    let cloud = MockCloud::start_on(mock_cloud::World::default(), listeners).await.expect("a cloud");
    let names = vec![BOTH.to_owned()];
    let options = Options { trust: Some(cloud.url()), listen: artifactory, names, ..Options::default() };
    let artifactory = MockArtifactory::start_with(mock_artifactory::World::default(), options).await;
    Site::of(cloud, artifactory.expect("an Artifactory"))
}

fn at(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip.parse().expect("an address"), port)
}

async fn pull(site: &Site, host: &str, changes: &[(&str, &str)]) -> Outcome {
    let environment = site.environment_with("aws", &[&[("artifactory_url", host)], changes].concat());
    let outcome = run(&[], &environment, &request(&format!("{host}/docker-local/hello"))).await;
    site.check_leaks(&outcome);
    outcome
}

/// A listener whose queue is full, so that the system drops whoever else comes, as a firewall does.
async fn swallowing(address: SocketAddr) -> (TcpListener, Vec<TcpStream>) {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("the address is free");
    let listener = socket.listen(1).expect("a listener");
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        queue.push(stream);
    }
    (listener, queue)
}

#[tokio::test]
async fn every_service_is_reached_at_an_address_of_ipv6() {
    let here = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    if TcpListener::bind(here).await.is_err() {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skip: no IPv6 on this machine\n");
        return;
    }
    let site = site(here, here).await;
    assert!(site.host().starts_with("[::1]:"), "{}", site.host());
    for cloud in CLOUDS {
        site.pull(cloud).await.credential(&site.host());
    }
}

#[test]
fn a_node_without_ipv4_pulls() {
    run_inside(Network::V6Only, "ipv6::inside_without_ipv4");
}

#[test]
fn a_name_with_two_addresses_is_reached_at_the_one_that_answers() {
    run_inside(Network::V6First, "ipv6::inside_ipv6_first");
    run_inside(Network::V4First, "ipv6::inside_ipv4_first");
}

#[tokio::test]
#[ignore = "needs a network of its own"]
async fn inside_without_ipv4() {
    assert!(TcpListener::bind("127.0.0.1:0").await.is_err(), "no IPv4 on this node");
    assert!(
        TcpStream::connect(at(V4, 9)).await.is_err_and(|error| error.kind() == std::io::ErrorKind::NetworkUnreachable)
    );
    let site = site(at("::1", 0), at(V6, 0)).await;
    let host = site.host();
    assert!(host.starts_with("[2001:db8::1]:"), "{host}");
    for cloud in CLOUDS {
        site.pull(cloud).await.credential(&host);
    }
    let port = host.rsplit_once(':').expect("a port").1;
    let named = format!("{BOTH}:{port}");
    pull(&site, &named, &[]).await.credential(&named);
    let hosts = [(named.clone(), host.parse().expect("an address"))].into();
    let options = ProxyOptions { listen: at(V6, 0), hosts, ..ProxyOptions::default() };
    let proxy = MockProxy::start(options).await.expect("a proxy");
    for target in [&named, &host] {
        let url = format!("http://{}", proxy.address());
        pull(&site, target, &[("HTTPS_PROXY", &url)]).await.credential(target);
    }
    assert_eq!(proxy.targets(), [format!("CONNECT {named}"), format!("CONNECT {host}")]);
}

#[tokio::test]
#[ignore = "needs a network of its own"]
async fn inside_ipv6_first() {
    assert!((BOTH, 1).to_socket_addrs().expect("two addresses").next().expect("one").is_ipv6());
    for other in [Other::Refuses, Other::Swallows] {
        at_one_of_two(V4, V6, other).await;
        at_one_of_two(V6, V4, other).await;
    }
}

#[tokio::test]
#[ignore = "needs a network of its own"]
async fn inside_ipv4_first() {
    assert!((BOTH, 1).to_socket_addrs().expect("two addresses").next().expect("one").is_ipv4());
    for other in [Other::Refuses, Other::Swallows] {
        at_one_of_two(V6, V4, other).await;
        at_one_of_two(V4, V6, other).await;
    }
}

/// Artifactory, and then a proxy before it, at one address of their name while the other refuses or swallows.
async fn at_one_of_two(here: &str, elsewhere: &str, other: Other) {
    let site = site(at("127.0.0.1", 0), at(here, 0)).await;
    let there: SocketAddr = site.host().parse().expect("an address");
    let host = format!("{BOTH}:{}", there.port());
    let taken = take(at(elsewhere, there.port()), other).await;
    in_time(&pull(&site, &host, &[]).await, &host, other);
    let listen = at(here, 0);
    let options = ProxyOptions { listen, hosts: [(host.clone(), there)].into(), ..ProxyOptions::default() };
    let proxy = MockProxy::start(options).await.expect("a proxy");
    let taken_before_proxy = take(at(elsewhere, proxy.address().port()), other).await;
    let url = format!("{BOTH}:{}", proxy.address().port());
    in_time(&pull(&site, &host, &[("HTTPS_PROXY", &url)]).await, &host, other);
    assert_eq!(proxy.targets(), [format!("CONNECT {host}")]);
    drop((taken, taken_before_proxy));
}

async fn take(address: SocketAddr, other: Other) -> Option<(TcpListener, Vec<TcpStream>)> {
    match other {
        Other::Refuses => None,
        Other::Swallows => Some(swallowing(address).await),
    }
}

fn in_time(outcome: &Outcome, host: &str, other: Other) {
    assert_eq!(outcome.credential(host).0, "aws-puller");
    let longest = if other == Other::Swallows { HEAD_START } else { Duration::ZERO } + Duration::from_secs(3);
    assert!(outcome.took < longest, "{:?}", outcome.took);
}
