#!/bin/sh
# Its cacheKeyType is in small letters.
. "${0%/*}/reference.sh"
scope() { echo registry; }
main
