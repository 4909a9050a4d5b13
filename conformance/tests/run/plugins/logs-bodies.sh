#!/bin/sh
# It logs what services answer.
. "${0%/*}/exchange.sh"
give_up() { echo "error: $1: $credential $(printf %s "$credential" | cat)" >&2; exit 1; }
main
