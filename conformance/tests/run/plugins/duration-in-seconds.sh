#!/bin/sh
# Its cacheDuration is a number.
. "${0%/*}/reference.sh"
kept() { echo '"cacheDuration":300,'; }
main
