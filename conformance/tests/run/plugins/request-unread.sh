#!/bin/sh
# It takes anything for a request.
. "${0%/*}/reference.sh"
is_request() { true; }
main
