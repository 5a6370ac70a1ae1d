#!/usr/bin/env bash
#
# licences.sh check fails where a library that is linked into mybridge has a licence
# other than these; licences.sh save DIR copies their texts, as they ask for.
# GO_LICENSES is the tool.

set -euo pipefail
cd "$(dirname "$0")/.."
allowed=Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MIT

# Its warnings are of packages with assembler in them, and of addresses on the
# network that it would like to look up. Those do not matter for either.
quietly() {
	local log status=0
	log=$(mktemp)
	GOOS=linux "$GO_LICENSES" "$@" --ignore mybridge . 2>"$log" || status=$?
	if [ "$status" -ne 0 ]; then
		cat "$log" >&2
	fi
	rm -f "$log"
	return "$status"
}

case ${1:-} in
check) quietly check --allowed_licenses "$allowed" ;;
save)
	quietly save --save_path "$2" --force
	chmod -R u=rwX,go=rX "$2"
	install -D -m 644 "$(go env GOROOT)/LICENSE" "$2/go/LICENSE"
	;;
*)
	printf 'usage: licences.sh check|save DIR\n' >&2
	exit 2
	;;
esac
