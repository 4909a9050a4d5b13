#!/bin/sh
# Its auth key has no port.
. "${0%/*}/reference.sh"
key() { echo "${REGISTRY%:*}"; }
main
