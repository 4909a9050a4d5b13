#!/bin/sh
# It answers without a credential when it has none.
. "${0%/*}/exchange.sh"
give_up() { answer "$(kept)" ""; exit 0; }
main
