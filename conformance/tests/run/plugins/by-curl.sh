#!/bin/sh
# Nothing is wrong.
. "${0%/*}/exchange.sh"
:
main
