//! The kit over real sockets, seen by a client that reads and writes bytes itself.

#[cfg(test)]
mod client;
mod control;
mod faults;
mod journal;
#[cfg(test)]
mod proxy;
mod server;
#[cfg(test)]
mod tls;
