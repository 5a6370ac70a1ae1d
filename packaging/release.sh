#!/usr/bin/env bash
#
# release.sh DIR makes what is released in DIR, for amd64 and arm64: the program, an
# archive to unpack into /, a Debian package, the managed plugin, a list of what is in
# the program (SBOM), and the sums of all. The same commit gives the same bytes, but
# for the plugin's iptables, which are Debian's of the day. VERSION, SOURCE_DATE_EPOCH
# and the tools NFPM and CYCLONEDX are the Makefile's.

set -euo pipefail
cd "$(dirname "$0")/.."
output=$1
version=${VERSION:?}

umask 022
rm -rf "$output"
mkdir -p "$output"

# archive BINARY FILE packs what 'make install' would put below /usr/local.
archive() {
	local stage
	stage=$(mktemp -d)
	DESTDIR=$stage BINARY=$1 packaging/install.sh install >/dev/null
	# With all that the documents refer to.
	install -D -m 644 -t "$stage/usr/local/share/doc/mybridge" LICENSE ./*.md
	cp -R docs build/libraries "$stage/usr/local/share/doc/mybridge"
	chmod -R u=rwX,go=rX "$stage/usr/local/share/doc/mybridge"
	tar --create --directory "$stage" --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
		--owner=0 --group=0 --numeric-owner --mode=go-w usr | gzip -9n >"$2"
	rm -rf "$stage"
}

for architecture in amd64 arm64; do
	name=mybridge-$version-linux-$architecture
	binary=$output/$name
	make --no-print-directory build GOARCH="$architecture" BINARY="$binary" VERSION="$VERSION"
	archive "$binary" "$output/$name.tar.gz"
	packaging/deb.sh "$architecture" "$binary" "$output/$name.deb"
	packaging/plugin.sh "$architecture" "$binary" "$output/$name-plugin.tar.gz"
	GOARCH=$architecture "$CYCLONEDX" bin -json -std -licenses -noserial -notimestamp \
		-version "$VERSION" -output "$output/$name.cdx.json" "$binary" 2>/dev/null
done
(cd "$output" && sha256sum -- * >SHA256SUMS)
cat "$output/SHA256SUMS"
