//! Instructions, counted by valgrind's callgrind.

use std::path::Path;

/// Counts into `log`; the profile itself is not kept.
pub(super) fn options(log: &Path) -> Vec<String> {
    let log = format!("--log-file={}", log.display());
    ["--tool=callgrind", "--callgrind-out-file=/dev/null", &log].map(str::to_owned).to_vec()
}

/// The number after `Collected`.
pub(super) fn instructions(log: &str) -> Option<u64> {
    log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read() {
        assert_eq!(instructions("==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n"), Some(1_234_567));
        assert_eq!(instructions("valgrind: failed to start tool\n"), None);
    }
}
