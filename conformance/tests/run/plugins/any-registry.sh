#!/bin/sh
# It gives its credential to whoever is asked about.
. "${0%/*}/reference.sh"
is_ours() { true; }; key() { echo "${image%%/*}"; }
main
