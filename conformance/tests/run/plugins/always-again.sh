#!/bin/sh
# It asks for a refusal again.
. "${0%/*}/exchange.sh"
limits() { echo "--max-time 20 --retry 2 --retry-delay 1 --retry-all-errors"; }
main
