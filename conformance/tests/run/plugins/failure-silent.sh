#!/bin/sh
# It fails without a word.
. "${0%/*}/reference.sh"
refuse() { exit 1; }
main
