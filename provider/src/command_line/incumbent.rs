//! The commands of the program that this one takes the place of.
//!
//! Source: jfrog-credentials-provider 1.4.0, `main.go`.

use std::ffi::OsStr;

use super::{CommandLineError, not_understood};

/// A command that the incumbent's chart runs on the node, and that has no use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncumbentCommand {
    /// Writes the provider's entry into the kubelet's configuration.
    AddProviderConfig,
    /// Watches a restarted kubelet, and puts its former configuration back.
    WatchKubelet,
}

const COMMANDS: [IncumbentCommand; 2] = [IncumbentCommand::AddProviderConfig, IncumbentCommand::WatchKubelet];

impl IncumbentCommand {
    /// The command as it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AddProviderConfig => "add-provider-config",
            Self::WatchKubelet => "watch-kubelet",
        }
    }

    /// How its purpose is served with this program.
    #[must_use]
    pub fn instead(self) -> &'static str {
        match self {
            Self::AddProviderConfig => {
                "write the entry into the file of the kubelet's --image-credential-provider-config and restart the \
                 kubelet; an entry that is there already stays as it is (docs/migrate.md)"
            }
            Self::WatchKubelet => {
                "after a restart ask `systemctl is-active kubelet` and `journalctl -u kubelet`, and put the former \
                 configuration back where the kubelet does not start (docs/migrate.md)"
            }
        }
    }
}

/// The error for a word that is no option. What stands behind a command is not looked at.
pub(super) fn refused(word: &OsStr) -> CommandLineError {
    let command = COMMANDS.into_iter().find(|command| word == command.name());
    command
        .map_or_else(|| not_understood(lexopt::Error::UnexpectedArgument(word.to_owned())), CommandLineError::Incumbent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incumbents_commands_are_known_by_their_names() {
        for command in COMMANDS {
            assert!(
                matches!(refused(OsStr::new(command.name())), CommandLineError::Incumbent(known) if known == command)
            );
            assert!(command.instead().contains("docs/migrate.md"));
        }
        assert!(matches!(refused(OsStr::new("watch")), CommandLineError::NotUnderstood(_)));
    }
}
