#!/usr/bin/env bash
# A plugin of one's own under the suite. The adapter says how it is configured, with facts of the test world in braces;
# the run ends with 0 if no case of the level core failed.
set -euo pipefail
plugin=${1:?the path of the plugin}
cat >my-plugin.toml <<'END'
title = "my plugin"
features = ["declines"] # what it has beside its identities; what it lacks is skipped and listed
default = "static"
[identity.static]
env = { REGISTRY = "{registry}", REGISTRY_USERNAME = "{username}", REGISTRY_PASSWORD_FILE = "{password_file}" }
END
conformance run --plugin "$plugin" --adapter my-plugin.toml --out report "${@:2}"
