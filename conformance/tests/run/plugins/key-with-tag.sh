#!/bin/sh
# Its auth key ends with a slash and a star.
. "${0%/*}/reference.sh"
key() { echo "$REGISTRY/*"; }
main
