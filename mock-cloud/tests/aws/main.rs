//! The AWS mock over the wire: every answer read as bytes from a real connection.

mod imds;
#[cfg(test)]
mod instance;
#[cfg(test)]
mod question;
#[cfg(test)]
mod renewal;
mod sts;
mod sts_endpoints;
#[cfg(test)]
mod wire;
