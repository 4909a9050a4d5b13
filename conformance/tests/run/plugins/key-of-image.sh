#!/bin/sh
# Its auth key is the image, but its scope the registry.
. "${0%/*}/reference.sh"
key() { echo "$image"; }
main
