#!/bin/sh
# Its credential has no password.
. "${0%/*}/reference.sh"
password() { :; }
main
