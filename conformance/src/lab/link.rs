//! A link on which packets take their time: what goes in at one end waits at the other and is turned back.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use mock_kit::Clock;
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketAddrAny, SocketFlags, SocketType, eth, recvfrom, sendto,
    socket_with,
};

use super::network::host_route;
use super::{LabError, packet, tool};

/// The two ends. Programs of the lab send to the near one; the far one exists to be turned back at.
const NEAR: &str = "lab0";
const FAR: &str = "lab1";
/// More than the largest packet.
const BUFFER: usize = 1 << 16;

/// How far away a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    /// There and back.
    pub(super) round_trip: Duration,
    /// The address at which a mock listens for it, and from which programs call.
    pub(super) source: IpAddr,
}

/// A packet that is on its way.
struct InFlight {
    due: Duration,
    /// Which of those with one time came first.
    number: u64,
    bytes: Vec<u8>,
    back: SocketAddrAny,
    end: Arc<OwnedFd>,
}

/// Makes the link and carries packets on it until the process ends.
///
/// # Errors
///
/// The kernel has no such devices or sockets.
pub(super) fn open(delays: &BTreeMap<IpAddr, Delay>) -> Result<(), LabError> {
    tool::words("ip", &format!("link add {NEAR} type veth peer name {FAR}"))?;
    for end in [NEAR, FAR] {
        // No packet is larger than one of a network, and none asks for the neighbour's address.
        tool::words("ip", &format!("link set {end} gso_max_segs 1 arp off up"))?;
    }
    for (address, Delay { source, .. }) in delays {
        tool::words("ip", &format!("route add {} dev {NEAR} src {source}", host_route(*address)))?;
    }
    let half: Arc<BTreeMap<_, _>> =
        Arc::new(delays.iter().map(|(address, delay)| (*address, delay.round_trip / 2)).collect());
    let (sender, receiver) = mpsc::channel();
    let clock = Clock::system();
    for (version, protocol) in [(4, eth::IP), (6, eth::IPV6)] {
        if delays.keys().any(|address| address.is_ipv4() == (version == 4)) {
            let end = Arc::new(end(protocol).map_err(LabError::Link)?);
            let (sender, clock, half) = (sender.clone(), clock.clone(), Arc::clone(&half));
            thread::spawn(move || take(&end, &half, &clock, &sender));
        }
    }
    thread::spawn(move || give(&receiver, &clock));
    Ok(())
}

/// A socket that takes packets of one protocol from every device; only those at the far end are for delayed addresses.
fn end(protocol: Protocol) -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::PACKET, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(protocol))?)
}

/// Takes packets for delayed addresses off the link.
fn take(end: &Arc<OwnedFd>, half: &BTreeMap<IpAddr, Duration>, clock: &Clock, sender: &Sender<InFlight>) {
    let mut buffer = vec![0; BUFFER];
    for number in 0.. {
        let Ok((length, _, Some(back))) = recvfrom(&**end, &mut buffer[..], RecvFlags::empty()) else {
            continue;
        };
        let bytes = &mut buffer[..length];
        let Some(wait) = packet::destination(bytes).and_then(|address| half.get(&address)) else {
            continue;
        };
        let due = clock.uptime() + *wait;
        packet::turn_back(bytes);
        let sent = sender.send(InFlight { due, number, bytes: bytes.to_vec(), back, end: Arc::clone(end) });
        if sent.is_err() {
            return;
        }
    }
}

/// Sends packets back when they are due.
fn give(receiver: &Receiver<InFlight>, clock: &Clock) {
    let mut waiting = BinaryHeap::new();
    loop {
        let next = waiting.peek().map(|Reverse(next): &Reverse<InFlight>| next.due.saturating_sub(clock.uptime()));
        let taken = match next {
            Some(left) if left.is_zero() => Err(RecvTimeoutError::Timeout),
            Some(left) => receiver.recv_timeout(left),
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match taken {
            Ok(packet) => waiting.push(Reverse(packet)),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(Reverse(packet)) = waiting.pop() {
                    // A packet that cannot be sent is lost, as on any link.
                    let _ = sendto(&*packet.end, &packet.bytes, SendFlags::empty(), &packet.back);
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Ord for InFlight {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl PartialOrd for InFlight {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for InFlight {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for InFlight {}
