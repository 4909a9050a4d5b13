//! Any bytes as the spool of the exporter.
#![no_main]

use artifactory_credential_provider::telemetry::record::{Batch, Pull};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut rest, mut read) = (bytes, 0);
    loop {
        let batch = Batch::read(&mut rest, 2).expect("bytes in memory can be read");
        if batch.length == 0 {
            break;
        }
        read += batch.length;
        assert!(batch.pulls.len() <= 2);
    }
    assert_eq!(read, bytes.len() as u64, "all of it is read, whatever it is");
    if let Some(pull) = Pull::parse(bytes) {
        let line = pull.to_line().expect("a line that was read can be written");
        let again = Batch::read(&mut line.as_slice(), 2).expect("a line");
        assert_eq!((again.pulls, again.spoiled), (vec![pull], 0), "what is written is read as the same");
    }
});
