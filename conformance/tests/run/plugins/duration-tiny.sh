#!/bin/sh
# Its cacheDuration is meant in another unit.
. "${0%/*}/reference.sh"
kept() { echo '"cacheDuration":"21.6µs",'; }
main
