#!/bin/sh
# Nothing is wrong.
. "${0%/*}/reference.sh"
:
main
