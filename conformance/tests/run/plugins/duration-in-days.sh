#!/bin/sh
# Its cacheDuration has a unit that Go does not have.
. "${0%/*}/reference.sh"
kept() { echo '"cacheDuration":"1d",'; }
main
