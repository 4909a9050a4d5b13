#!/bin/sh
# It follows redirects with its proof.
. "${0%/*}/exchange.sh"
limits() { echo "--max-time 20 --location-trusted --post301 --post302 --post303 --retry 2 --retry-delay 1 --proto =http,https --proto-redir =http,https"; }
main
