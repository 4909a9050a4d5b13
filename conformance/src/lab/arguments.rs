//! What the lab is told.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Profile;

/// What a lab is to be like.
#[derive(Args, Clone, Debug)]
#[command(after_help = HELP)]
pub struct Options {
    /// Whose machine this is: decides what the firmware says and who answers at 169.254.169.254; without it the firmware
    /// is this machine's own and all three clouds answer.
    #[arg(long, value_name = "CLOUD")]
    pub cloud: Option<Machine>,
    /// The round-trip time to a host name or an address; may be given several times.
    #[arg(long, value_name = "HOST=20ms")]
    pub rtt: Vec<RoundTrip>,
    /// Faults from the start, by name or from a file of JSON; may be given several times.
    #[arg(long, value_name = "PROFILE")]
    pub fault: Vec<Profile>,
    /// A further host name that leads to the clouds, such as the STS of another region.
    #[arg(long, value_name = "NAME")]
    pub host: Vec<String>,
    /// The host name of Artifactory.
    #[arg(long, value_name = "NAME", default_value = "artifactory.example.com")]
    pub artifactory: String,
    /// The world of the clouds, as YAML; without it the one that is built in.
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// The world of Artifactory, as YAML; without it the one that is built in.
    #[arg(long, value_name = "FILE")]
    pub artifactory_world: Option<PathBuf>,
    /// The program to run, with its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Whose machine a lab is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// An instance of EC2.
    Aws,
    /// A virtual machine of Azure.
    Azure,
    /// An instance of Compute Engine.
    Google,
    /// A machine of no cloud: nothing answers at the addresses of metadata.
    None,
}

/// How long a request and its answer take on the way to a host and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// A host name of the lab, or an address.
    pub host: String,
    /// Both ways together.
    pub time: Duration,
}

/// Why a text is no round-trip time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a host and milliseconds or seconds, such as `sts.amazonaws.com=20ms`")]
pub struct RoundTripError;

impl FromStr for RoundTrip {
    type Err = RoundTripError;

    fn from_str(text: &str) -> Result<Self, RoundTripError> {
        let (host, time) = text.rsplit_once('=').filter(|(host, _)| !host.is_empty()).ok_or(RoundTripError)?;
        let (number, unit) = match time.strip_suffix("ms") {
            Some(number) => (number, 1_000),
            None => (time.strip_suffix('s').ok_or(RoundTripError)?, 1_000_000),
        };
        let number: u32 = number.parse().map_err(|_| RoundTripError)?;
        Ok(Self { host: host.to_owned(), time: Duration::from_micros(u64::from(number) * unit) })
    }
}

const HELP: &str = "\
COMMAND gets the caller's environment without proxies, and SSL_CERT_FILE, CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE,
AWS_CA_BUNDLE, NODE_EXTRA_CA_CERTS and GIT_SSL_CAINFO with the lab's certificate authority, LAB_ARTIFACTORY with the host
of Artifactory and LAB_CLOUD with a URL of the clouds' mock, below which `/__mock/` has journal, faults, clock and the
tokens of pods:

  conformance lab -- sh -c 'curl -s $LAB_CLOUD/__mock/kubernetes/serviceaccounts/default/app/token \\
    -d \"{\\\"audiences\\\": [\\\"artifactory\\\"]}\"'

Artifactory has its own journal, faults and clock at https://$LAB_ARTIFACTORY/__mock/. The exit code is COMMAND's, 125
where there is no lab, 126 and 127 where COMMAND cannot be run or is not there.

Faults: access-starting, entra-propagation-lag, imds-hop-limit, imds-silent, imds-throttled, sts-unreachable, or a file of
the same form as those in `conformance/src/lab/profiles`.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_has_a_host_and_a_time() {
        let time = |text: &str| text.parse::<RoundTrip>().map(|trip| (trip.host, trip.time.as_millis()));
        assert_eq!(time("sts.amazonaws.com=20ms"), Ok(("sts.amazonaws.com".into(), 20)));
        assert_eq!(time("fd00:ec2::254=2s"), Ok(("fd00:ec2::254".into(), 2_000)));
        for text in ["", "host", "host=", "host=20", "=20ms", "host=ms", "host=-1ms", "host=1.5ms", "host=99999999999s"]
        {
            assert_eq!(time(text), Err(RoundTripError), "{text}");
        }
    }

    #[test]
    fn the_help_names_every_profile() {
        for name in Profile::NAMES {
            assert!(HELP.contains(name), "{name}");
        }
    }
}
