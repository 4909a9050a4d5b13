#!/bin/sh
# It asks the metadata service without its header.
. "${0%/*}/exchange.sh"
headers() { echo "Metadata;"; }
main
