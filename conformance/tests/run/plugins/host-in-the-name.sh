#!/bin/sh
# It looks for its registry anywhere in the name.
. "${0%/*}/reference.sh"
is_ours() { case $image in *"${REGISTRY%:*}"*) ;; *) false ;; esac; }; key() { echo "${image%%/*}"; }
main
