#!/bin/sh
# It answers everybody with a guess.
r=$(cat); f() { printf '%s' "$r" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
i=$(f image); printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"100h","auth":{"%s":{"username":"u","password":"guess-guess"}}}' "$(f apiVersion)" "${i%%/*}"
