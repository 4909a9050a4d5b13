//! The images that `conformance/image/build` makes, in an engine of containers. Where none answers, or it does not have them,
//! a test says that it is skipped; with `CONFORMANCE_IMAGES=required` it fails.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test ends where it is not as expected")]

mod engine;
mod mocks;
mod suite;
