# A right provider with a configured credential, in parts. A wrong one is this one with a part replaced, so that what it
# fails is about that part alone.
field() { printf '%s' "$request" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
begin() { :; }
kind() { echo CredentialProviderResponse; }
version() { field apiVersion; }
scope() { echo Registry; }
kept() { echo '"cacheDuration":"5m",'; }
declined() { echo '"cacheDuration":"0s",'; }
key() { echo "$REGISTRY"; }
username() { echo "$REGISTRY_USERNAME"; }
password() { cat "$REGISTRY_PASSWORD_FILE"; }
auth() { printf '"%s":{"username":"%s","password":"%s"}' "$(key)" "$(username)" "$(password)"; }
is_ours() { [ "${image%%/*}" = "$REGISTRY" ]; }
is_request() { [ "$(field kind)" = CredentialProviderRequest ] && [ -n "$image" ] && case $(field apiVersion) in credentialprovider.kubelet.k8s.io/*) ;; *) false ;; esac; }
refuse() { echo "error: standard input holds no request" >&2; exit 1; }
more() { :; }
end() { :; }
answer() { printf '{"kind":"%s","apiVersion":"%s","cacheKeyType":"%s",%s%s"auth":{%s}}\n' "$(kind)" "$(version)" "$(scope)" "$1" "$(more)" "$2"; }
main() {
    begin
    request=$(cat)
    image=$(field image)
    is_request || refuse
    if is_ours; then answer "$(kept)" "$(auth)"; else answer "$(declined)" ''; fi
    end
}
