#!/bin/sh
# It takes what an error says for an answer.
. "${0%/*}/exchange.sh"
careful() { :; }
password() { echo guessed; }
username() { echo guessed; }
main
