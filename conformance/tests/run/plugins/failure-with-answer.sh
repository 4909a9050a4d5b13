#!/bin/sh
# It answers, and then fails.
. "${0%/*}/reference.sh"
end() { exit 1; }
main
