//! The AWS mock over the wire: every answer read as bytes from a real connection.

mod imds;
mod instance;
mod question;
mod renewal;
mod sts;
mod sts_endpoints;
mod wire;
