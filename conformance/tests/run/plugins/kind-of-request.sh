#!/bin/sh
# It answers with the kind of the request.
. "${0%/*}/reference.sh"
kind() { echo CredentialProviderRequest; }
main
