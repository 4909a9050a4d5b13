#!/bin/sh
# It takes only the fields that it knows.
. "${0%/*}/reference.sh"
is_request() { case $request in *x-unheard-of*|*serviceAccountToken*) false ;; esac; }
main
