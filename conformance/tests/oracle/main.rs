//! The simulator against the kubelet's own code, on the vectors and on what people and attackers write.
//!
//! `conformance/oracle/build` makes the programs; a version that is not there is skipped, and told. `PROPTEST_CASES` says how
//! many cases each law gets, 256 unless it is set. A disagreement is shrunk and kept among the vectors.

#[cfg(test)]
mod caches;
#[cfg(test)]
mod configs;
#[cfg(test)]
mod law;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod names;
#[cfg(test)]
mod process;
#[cfg(test)]
mod responses;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod vectors;
