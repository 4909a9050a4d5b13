#!/bin/sh
# It writes something after its answer.
. "${0%/*}/reference.sh"
end() { echo '{}'; }
main
