#!/bin/sh
# It says on standard output what it does when DEBUG is set.
. "${0%/*}/reference.sh"
begin() { [ -z "$DEBUG" ] || echo debugging; }
main
