#!/usr/bin/env bash
# Pulls an image with containerd's ctr: with a credential it arrives whole, without one or with a wrong one it is refused.
#
# Starts a containerd of its own, with root, state and socket in a temporary directory, and stops it. Needs root.
#
# Usage: containerd.sh HOST CA_FILE IMAGE USERNAME PASSWORD
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
daemon=
finish() {
  if [[ -n $daemon ]]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

# Images are fetched and never run: no CRI, and no snapshotter that needs a mount.
cat >"$work/config.toml" <<TOML
version = 2
root = "$work/root"
state = "$work/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "$work/containerd.sock"
TOML
# ctr speaks plain HTTP to a loopback address unless a hosts file says otherwise.
mkdir -p "$work/hosts/$host"
cat >"$work/hosts/$host/hosts.toml" <<TOML
server = "https://$host"
ca = "$ca_file"
[host]
TOML
containerd --config "$work/config.toml" >"$work/containerd.log" 2>&1 &
daemon=$!

ctr() { command ctr --address "$work/containerd.sock" --namespace test "$@"; }

for _ in $(seq 100); do
  if ctr version >/dev/null 2>&1; then break; fi
  sleep 0.1
done
if ! ctr version >/dev/null 2>&1; then
  cat "$work/containerd.log" >&2
  exit 1
fi

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

fetch() { # CREDENTIAL-OPTION...
  ctr content fetch --hosts-dir "$work/hosts" "$@" "$host/$image"
}

is_whole() { # every blob in the content store has the digest that names it, and the image is the registry's
  local wanted arrived digest blobs=0
  wanted=$(curl --silent --fail --cacert "$ca_file" --user "$username:$password" --head \
    "https://$host/v2/${image%:*}/manifests/${image##*:}" |
    tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p')
  arrived=$(ctr images list "name==$host/$image" | awk 'NR == 2 { print $3 }')
  if [[ -z $wanted || $wanted != "$arrived" ]]; then
    echo "the registry has '$wanted', '$arrived' arrived"
    return 1
  fi
  for digest in $(ctr content list --quiet); do
    if [[ "sha256:$(ctr content get "$digest" | sha256sum | cut -d' ' -f1)" != "$digest" ]]; then
      echo "$digest holds something else"
      return 1
    fi
    blobs=$((blobs + 1))
  done
  # A manifest, a config and a layer at the least.
  [[ $blobs -ge 3 ]]
}

is_refused() { # CREDENTIAL-OPTION...: no image arrives, and the reason is the credential
  if fetch "$@" >"$work/refusal" 2>&1; then
    echo "the pull was not refused"
    return 1
  fi
  cat "$work/refusal"
  grep -qiE 'unauthorized|authorization failed|401' "$work/refusal"
}

verdict "a pull with the credential" fetch --user "$username:$password"
verdict "what arrived has the right digests" is_whole
verdict "a pull without a credential is refused" is_refused
verdict "a pull with a wrong credential is refused" is_refused --user "$username:wrong-$password"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
