//! A network of its own in which the mocks have the clouds' real addresses and names, for a program of any vendor.
//!
//! ```text
//!  lab ──▶ setpriv, unshare ──▶ inside: the first process of new namespaces
//!   │ signals, exit code          │ tmpfs, hosts, certificates, firmware
//!   ▼                             │ 169.254.169.254:80, HOST:443, ...  ◀── the mocks
//!  gone: everything is gone       └──▶ COMMAND, with nothing overridden
//! ```
//!
//! # Layout
//!
//! - `arguments`: the command line; `error`: why there is no lab, and what to do about it
//! - `namespaces`: the program started anew in namespaces, as root or as an ordinary user
//! - `place`: names, addresses and mocks there; `inside`: the command among them
//! - `network`: addresses and routes; `link`: round trips that take their time, made of `packet`s
//! - `files`: what the lab changes of the file system; `firmware`: what a cloud's machines say they are
//! - `profile`: faults by name
//! - `tool`: programs of the system
//!
//! # Why nothing is left behind
//!
//! Whatever the lab makes is in namespaces, and these end with their last process. The first process is killed when the one
//! outside dies, whatever it dies of, and the kernel kills the others with it. Files lie in a file system that exists in
//! the mount namespace only.
//!
//! # Why a link of its own delays
//!
//! Few kernels of containers and small machines have `netem`, and a proxy could not delay the answer to a `SYN`, since the
//! kernel gives it. The link is a pair of network devices: what is sent to a delayed address comes out at the other end,
//! waits half a round trip and goes back with source and destination exchanged, to where the mock listens. So the
//! handshake, each request and each answer take their time as on a real way.

mod arguments;
mod error;
mod files;
mod firmware;
mod inside;
mod link;
mod namespaces;
mod network;
mod packet;
mod place;
mod profile;
mod tool;

pub use arguments::{Machine, Options, RoundTrip};
pub use error::LabError;
pub use inside::inside;
pub use namespaces::outside;
pub(crate) use namespaces::prefix;
pub(crate) use place::{Place, Plan, trusting};
pub use profile::Profile;
