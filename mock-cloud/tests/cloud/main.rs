//! The clouds over HTTP, with tokens verified by another library from the published keys.

#[cfg(test)]
mod azure;
#[cfg(test)]
mod client;
#[cfg(test)]
mod gcp;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod listeners;
#[cfg(test)]
mod verifier;
