//! Kubelet image credential provider for JFrog Artifactory.
//!
//! The kubelet starts the program once for each image it has no cached credential for. One pull is one path:
//!
//! ```text
//! Request ──▶ Route ──▶ Identity ──▶ Exchange ──▶ Response
//! stdin       which     who is the    trade the    stdout, plus
//! JSON        registry  node or pod   proof at     how long it
//!             is it     (a Proof)     Artifactory  may be cached
//! ```
//!
//! [`answer::answer`] is that path on one screen.
//!
//! # Layout
//!
//! - [`answer`]: the path.
//! - [`kubelet`]: the wire to the kubelet, in its three versions.
//! - [`image`]: image names, and patterns by the kubelet's `matchImages` rule.
//! - [`config`]: the configuration and the two ways into it, environment and file.
//! - [`access`]: how a route gets its credential: an exchange, or a static one.
//! - [`cloud`]: which cloud the node is on, where the configuration names none.
//! - [`identity`]: where an identity comes from, and its proof.
//! - [`artifactory`]: the token exchange.
//! - [`response`]: the answer: which images it covers, and for how long.
//! - [`lifetime`]: how long a credential lives and may be cached.
//! - [`jwt`]: what a token says about itself.
//! - [`http`]: the one HTTP client.
//! - [`endpoints`]: every address that is not Artifactory's.
//! - [`error`]: every failure, its exit code and its remedy.
//! - [`warning`]: what is worth saying beside an answer.
//! - [`command_line`]: the arguments.
//! - [`secret`]: texts that cannot be printed by accident.
//! - [`secret_file`]: files that hold such a text.
//! - `platform`: what differs between operating systems.
//! - [`telemetry`]: one trace a pull, for whoever was not there.
//! - [`time`]: the clock, the deadline, and the only place that waits.
//!
//! # Why
//!
//! - **Why no clouds' SDKs?** Each identity here is a few small requests. The SDKs' defaults read every root
//!   certificate of the system and seed a random generator for tens of milliseconds, once per pull. The exception is a
//!   role that the node's own credentials assume: where those come from is the AWS SDK's to say, on its sources and this
//!   crate's HTTP client. The cargo feature `aws-sdk` leaves it out.
//! - **Why a current-thread runtime?** A pull waits for one or two connections. A second thread costs more than it gives.
//! - **Why is the environment an argument?** The tested binary is the shipped binary: mocks are reached by the same
//!   variables that operators use, never by a compile-time switch.

pub mod access;
pub mod answer;
pub mod artifactory;
pub mod cloud;
pub mod command_line;
pub mod config;
pub mod endpoints;
pub mod error;
pub mod http;
pub mod identity;
pub mod image;
pub mod jwt;
pub mod kubelet;
pub mod lifetime;
mod platform;
pub mod response;
pub mod secret;
pub mod secret_file;
pub mod telemetry;
pub mod time;
pub mod warning;
