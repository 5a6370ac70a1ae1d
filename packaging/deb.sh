#!/usr/bin/env bash
#
# deb.sh ARCHITECTURE BINARY FILE makes the Debian package FILE of the program,
# the same bytes from the same commit. VERSION is mybridge's, SOURCE_DATE_EPOCH
# the time that the package's files bear, NFPM the tool. It takes build/manual and build/libraries.

set -euo pipefail
cd "$(dirname "$0")/.."
export ARCH=$1 STAGE=build/deb/$1
binary=$2 file=$3

# Debian's versions begin with a digit, and have a meaning for the hyphen.
DEB_VERSION=${VERSION#v}
case $DEB_VERSION in
[0-9]*.*) DEB_VERSION=${DEB_VERSION//-/+} ;;
*) DEB_VERSION=0~$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y%m%d)+git.${DEB_VERSION//-/+} ;;
esac
export DEB_VERSION
# Debian wants an address. This one reaches nobody, see SECURITY.md; who releases has one.
export MAINTAINER=${MAINTAINER:-mybridge maintainers <maintainers@mybridge.invalid>}

umask 022
rm -rf "$STAGE"
DESTDIR=$STAGE PREFIX=/usr BINARY=$binary packaging/install.sh install >/dev/null
install -D -m 755 packaging/leftovers.sh "$STAGE/usr/share/mybridge/leftovers.sh"

doc=$STAGE/usr/share/doc/mybridge
install -D -m 644 packaging/deb/copyright "$doc/copyright"
cp -R build/libraries "$doc"
# Go links statically: what it would take of the C library it has itself.
install -d "$STAGE/usr/share/lintian/overrides"
printf 'mybridge: statically-linked-binary [usr/bin/mybridge]\n' >"$STAGE/usr/share/lintian/overrides/mybridge"
{
	printf 'mybridge (%s) unstable; urgency=medium\n\n  * The commits say what has changed.\n\n' "$DEB_VERSION"
	printf ' -- %s  %s\n' "$MAINTAINER" "$(date --utc --date "@$SOURCE_DATE_EPOCH" --rfc-email)"
} | gzip -9n >"$doc/changelog.gz"
find "$STAGE" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$(dirname "$file")"
"$NFPM" package --config packaging/deb/nfpm.yaml --packager deb --target "$file" >&2
