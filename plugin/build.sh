#!/usr/bin/env bash
#
# build.sh DIR makes the managed plugin in DIR of bin/mybridge: config.json and
# rootfs, as 'docker plugin create' takes them. Where an engine has the image
# BASE, by the Dockerfile; otherwise of the iptables of this machine.
#
# DOCKER names another docker client.

set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
directory=$1
docker=${DOCKER:-docker}
base=${BASE:-debian:trixie-slim}

announce() {
	printf 'plugin: %s\n' "$*" >&2
}

by_dockerfile() {
	local image container
	announce "building on $base by the Dockerfile"
	"$docker" build --build-arg "BASE=$base" --tag mybridge-plugin-rootfs . >&2
	image=$("$docker" image inspect --format '{{.Id}}' mybridge-plugin-rootfs)
	container=$("$docker" create "$image")
	"$docker" export "$container" | tar --extract --directory "$directory/rootfs"
	"$docker" rm "$container" >/dev/null
	# The engine's own places are in what it exports.
	rm -rf "$directory"/rootfs/{.dockerenv,dev,proc,sys}
}

without_image() {
	announce "no engine here has the image $base: using this machine's iptables"
	if ! command -v iptables >/dev/null; then
		[ "$(id -u)" -eq 0 ] || {
			announce "there is no iptables to put into the plugin: install it, or run this as root"
			exit 1
		}
		announce "installing iptables"
		apt-get update -qq >&2
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends iptables >&2
	fi
	plugin/rootfs.sh "$directory/rootfs"
	cp bin/mybridge "$directory/rootfs/mybridge"
}

rm -rf "$directory"
mkdir -p "$directory/rootfs"
if "$docker" image inspect "$base" >/dev/null 2>&1; then
	by_dockerfile
else
	without_image
fi
cp plugin/config.json "$directory/config.json"
announce "$directory is ready"
