#!/bin/bash
# A credential provider in ten lines: the credential of one registry, for whoever is asked about its images.
request=$(cat)
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"$request"; }
version=$(field apiVersion) image=$(field image)
[[ $request == *'"kind":"CredentialProviderRequest"'* && $version == credentialprovider.kubelet.k8s.io/* && $image ]] ||
  { echo "error: standard input holds no CredentialProviderRequest" >&2; exit 1; }
auth='' kept=0s
[[ ${image%%/*} == "$REGISTRY" ]] && kept=5m auth=$(printf '"%s":{"username":"%s","password":"%s"}' "$REGISTRY" "$REGISTRY_USERNAME" "$(<"$REGISTRY_PASSWORD_FILE")")
printf '{"kind":"CredentialProviderResponse","apiVersion":"%s","cacheKeyType":"Registry","cacheDuration":"%s","auth":{%s}}\n' "$version" "$kept" "$auth"
