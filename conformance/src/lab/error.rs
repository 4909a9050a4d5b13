//! Why there is no lab, and what to do about it.

use std::io;
use std::path::PathBuf;

use mock_artifactory::start::StartError;
use thiserror::Error;

/// Why there is no lab.
#[derive(Debug, Error)]
pub enum LabError {
    /// A program of the system is missing.
    #[error("`{program}` is not there")]
    Missing {
        /// Which.
        program: &'static str,
        /// What has it.
        package: &'static str,
    },
    /// A program of the system cannot be run.
    #[error("failed to run `{program}`")]
    Run {
        /// Which.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A program of the system did not do its work.
    #[error("`{command}` failed: {stderr}")]
    Tool {
        /// With its arguments.
        command: String,
        /// What it said.
        stderr: String,
    },
    /// This machine gives this user no namespaces.
    #[error("this machine does not let this user make namespaces: {said}")]
    Namespaces {
        /// What `unshare` said.
        said: String,
    },
    /// Every place for a file system is taken.
    #[error("none of the folders {0} is there and empty")]
    NoPlace(String),
    /// A file of the lab cannot be read or written.
    #[error("failed to prepare `{}`", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A world cannot be had.
    #[error("failed to read the world `{}`", .path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A round trip to a host that the lab does not have.
    #[error("`{0}` is no host of the lab")]
    UnknownHost(String),
    /// The delaying link does not carry packets.
    #[error("failed to open the delaying link")]
    Link(#[source] io::Error),
    /// mock-cloud does not start.
    #[error("failed to start mock-cloud")]
    Cloud(#[source] io::Error),
    /// mock-artifactory does not start.
    #[error("failed to start mock-artifactory")]
    Artifactory(#[from] StartError),
    /// The process outside cannot wait.
    #[error("failed to wait for the lab")]
    Wait(#[source] io::Error),
    /// The command is not there or cannot be run.
    #[error("failed to run `{command}`")]
    Command {
        /// The program.
        command: String,
        /// Why not.
        source: io::Error,
    },
}

impl LabError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { program, package } => format!("install the package `{package}`, which has `{program}`"),
            Self::Run { program, .. } => format!("check that this user may execute `{program}`"),
            Self::Namespaces { .. } => "run it as root, or let ordinary users make user namespaces: \
                `sysctl user.max_user_namespaces` above 0, `kernel.apparmor_restrict_unprivileged_userns=0` on Ubuntu, \
                `kernel.unprivileged_userns_clone=1` on older Debian; a container needs `--privileged`"
                .to_owned(),
            Self::Tool { command, .. } if command.starts_with("ip link add") => {
                "the kernel has no virtual network devices: `modprobe veth`, or leave out `--rtt`".to_owned()
            }
            Self::Tool { command, .. } if command.starts_with("ip") => {
                "the kernel must have what this command asks for; `ip -V` of iproute2 4.19 or later".to_owned()
            }
            Self::Tool { .. } => "the kernel must let a mount namespace have tmpfs, bind and overlay mounts".to_owned(),
            Self::NoPlace(_) => "make one of them an empty folder: the lab covers it for COMMAND only".to_owned(),
            Self::File { .. } => "check that the file system of the lab is not full".to_owned(),
            Self::World { .. } => "name a YAML file of the form of `mock-cloud/src/world/default.yaml` or \
                `mock-artifactory/src/world/default.yaml`"
                .to_owned(),
            Self::UnknownHost(_) => {
                "`--rtt` takes a name of the lab's hosts file (`conformance lab -- cat /etc/hosts`), \
                one given by `--host`, or an address of a metadata service"
                    .to_owned()
            }
            Self::Link(_) => {
                "the kernel must have packet sockets: `modprobe af_packet`, or leave out `--rtt`".to_owned()
            }
            Self::Cloud(_) | Self::Artifactory(_) => {
                "check the worlds given by `--world` and `--artifactory-world`".to_owned()
            }
            Self::Wait(_) => "this is a fault of the machine: try again".to_owned(),
            Self::Command { .. } => "name a program that is in PATH, or its path".to_owned(),
        }
    }

    /// The exit code, as `env` and `docker run` have it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Command { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Command { .. } => 126,
            _ => 125,
        }
    }
}
