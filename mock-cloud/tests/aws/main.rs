//! The AWS mock over the wire: every answer read as bytes from a real connection.

#[cfg(test)]
mod assume_role;
mod assume_role_parameters;
#[cfg(test)]
mod cluster;
mod imds;
#[cfg(test)]
mod instance;
#[cfg(test)]
mod question;
#[cfg(test)]
mod renewal;
mod session_tags;
mod sts;
mod sts_endpoints;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod web_identity;
mod web_identity_refusals;
#[cfg(test)]
mod wire;
