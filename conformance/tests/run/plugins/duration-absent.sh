#!/bin/sh
# It says nothing of how long its answer may be kept.
. "${0%/*}/reference.sh"
kept() { :; }; declined() { :; }
main
