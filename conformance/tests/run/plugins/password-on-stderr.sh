#!/bin/sh
# It logs its credential.
. "${0%/*}/reference.sh"
end() { echo "using $(password)" >&2; }
main
