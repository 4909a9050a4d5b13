#!/bin/sh
# Its credential is one that no registry knows.
. "${0%/*}/reference.sh"
password() { echo never-issued; }
main
