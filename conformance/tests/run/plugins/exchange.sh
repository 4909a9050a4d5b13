# A right provider that asks the metadata service of Azure and then Artifactory, in parts, for the same purpose.
. "${0%/*}/reference.sh"
METADATA="$AZURE/metadata/identity/oauth2/token?api-version=2018-02-01&resource=$APPLICATION&client_id=$CLIENT"
limits() { echo "--max-time 20 --retry 2 --retry-delay 1 --retry-max-time 25 --max-filesize 1000000"; }
careful() { echo "--fail"; }
headers() { echo "Metadata: true"; }
ask() { timeout 30 curl --silent $(careful) $(limits) --noproxy '*' ${CA:+--cacert "$CA"} "$@" | tr -d '\033'; }
text() { printf '%s' "$1" | sed -n "s/.*\"$2\" *: *\"\([^\"]*\)\".*/\1/p"; }
number() { printf '%s' "$1" | sed -n "s/.*\"$2\" *: *\([0-9][0-9]*\).*/\1/p"; }
give_up() { echo "error: $1" >&2; exit 1; }
life() { echo $((${seconds:-0} * 9 / 10)); }
kept() { printf '"cacheDuration":"%ss",' "$(life)"; }
username() { text "$credential" username; }
password() { text "$credential" access_token; }
obtain() {
    proof=$(text "$(ask -H "$(headers)" "$METADATA")" access_token)
    [ -n "$proof" ] || give_up "no proof"
    body='{"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange","subject_token_type":"urn:ietf:params:oauth:token-type:id_token","provider_name":"mock-cloud","subject_token":"'$proof'"}'
    credential=$(ask -H 'content-type: application/json' -d "$body" "https://$REGISTRY/access/api/v1/oidc/token")
    seconds=$(number "$credential" expires_in)
    [ -n "$(password)" ] && [ -n "$(username)" ] || give_up "no credential"
}
main() {
    begin
    request=$(cat)
    image=$(field image)
    is_request || refuse
    if is_ours; then obtain; answer "$(kept)" "$(auth)"; else answer "$(declined)" ''; fi
    end
}
