#!/usr/bin/env bash
# Pulls an image with skopeo: with a credential it arrives whole, without one or with a wrong one it is refused.
#
# Usage: skopeo.sh HOST CA_FILE IMAGE USERNAME PASSWORD
#   HOST     the registry, such as 127.0.0.1:8443
#   CA_FILE  the certificate authority to trust, in PEM
#   IMAGE    the image below HOST, such as docker-local/hello:1
set -euo pipefail

if [[ $# -ne 5 ]]; then
  echo "usage: $0 HOST CA_FILE IMAGE USERNAME PASSWORD" >&2
  exit 2
fi
host=$1 ca_file=$(realpath "$2") image=$3 username=$4 password=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SSL_CERT_FILE=$ca_file
# Neither the policy nor a login of the machine may decide what happens here.
export XDG_RUNTIME_DIR=$work/run HOME=$work/home
mkdir -p "$XDG_RUNTIME_DIR" "$HOME"

passed=0 failed=0
verdict() { # NAME COMMAND...: runs the command, counts and prints
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "pass  $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
    sed 's/^/      /' "$work/log"
  fi
}

copy() { # DIRECTORY CREDENTIAL-OPTION...
  local directory=$1
  shift
  skopeo --insecure-policy copy --quiet "$@" "docker://$host/$image" "oci:$directory:pulled"
}

is_whole() { # DIRECTORY: every blob of the layout has the digest that names it, and the manifest is the registry's
  local directory=$1 wanted arrived blob
  wanted=$(skopeo inspect --creds "$username:$password" --format '{{.Digest}}' "docker://$host/$image")
  arrived=$(skopeo inspect --raw "oci:$directory:pulled" | sha256sum | cut -d' ' -f1)
  if [[ $wanted != "sha256:$arrived" ]]; then
    echo "the registry has $wanted, sha256:$arrived arrived"
    return 1
  fi
  for blob in "$directory"/blobs/sha256/*; do
    if [[ $(sha256sum <"$blob" | cut -d' ' -f1) != "$(basename "$blob")" ]]; then
      echo "$blob has another digest"
      return 1
    fi
  done
}

is_refused() { # CREDENTIAL-OPTION...: no image arrives, and the reason is the credential
  if copy "$work/refused" "$@" >"$work/refusal" 2>&1; then
    echo "the pull was not refused"
    return 1
  fi
  cat "$work/refusal"
  grep -qiE 'unauthorized|invalid username/password|authentication|401' "$work/refusal"
}

verdict "a pull with the credential" copy "$work/pulled" --src-creds "$username:$password"
verdict "what arrived has the right digests" is_whole "$work/pulled"
verdict "a pull without a credential is refused" is_refused --src-no-creds
verdict "a pull with a wrong credential is refused" is_refused --src-creds "$username:wrong-$password"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
