#!/usr/bin/env bash
#
# plugin.sh ARCHITECTURE BINARY FILE makes the managed plugin, for any architecture on
# any: config.json and rootfs, as 'docker plugin create' takes them, in an archive.
# The rootfs is what Debian's iptables is made of; 'make plugin' makes one of what is
# on this machine. SOURCE_DATE_EPOCH is the time that the archive's files bear.

set -euo pipefail
cd "$(dirname "$0")/.."
architecture=$1 binary=$2 file=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/plugin/rootfs
umask 022

# for_architecture ARGUMENT... runs apt-get on lists and packages of its own, as if
# nothing were installed.
for_architecture() {
	apt-get -qq -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
		-o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
		-o APT::Sandbox::User=root -o Debug::NoLocking=1 -o APT::Install-Recommends=0 "$@" >&2
}

mkdir -p "$work"/{state/lists,cache/archives}/partial "$root"/{etc,run,tmp,usr/{bin,lib,lib64,sbin}}
: >"$work/status"
for_architecture update
for_architecture install --yes --download-only iptables

# Whether a package has its files below /usr or not.
for directory in bin lib lib64 sbin; do
	ln -s "usr/$directory" "$root/$directory"
done
for package in "$work"/cache/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory "$root"
done
for name in {ip,ip6}tables{,-save,-restore}; do
	ln -s xtables-nft-multi "$root/usr/sbin/$name"
done
rm -rf "${root:?}"/usr/share "$root"/usr/lib/*/gconv
install -m 755 "$binary" "$root/mybridge"
cp plugin/config.json "$work/plugin"

tar --create --directory "$work/plugin" --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
	--owner=0 --group=0 --numeric-owner config.json rootfs | gzip -9n >"$file"
