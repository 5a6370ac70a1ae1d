#!/usr/bin/env bash
#
# Prepares what the end-to-end tests need: a few tools on this machine and, in
# a cache directory, one root file system for each docker engine that the
# tests run, and one to build the managed plugin on, with a registry to push
# it to. Run it as root; a second run finds everything there and does nothing.
#
# All are only unpacked here. Nothing is started, and neither docker nor a
# registry is installed on the machine itself.
#
# MYBRIDGE_TEST_CACHE names another cache directory.

set -euo pipefail

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# What an engine's root needs beside the engine. docker-compose, curl and
# busybox-static, of which an image is made, are what the tutorial has its reader
# use. iproute2 and nftables are there for the tests, which look at links and rules
# from inside; firewalld, with its dbus, and ufw are the host firewalls that they run.
# libpam-systemd is the logind that firewalld depends on: debootstrap chooses none by
# itself.
common=docker-compose,busybox-static,curl,iptables,nftables,iproute2,ca-certificates,firewalld,dbus,libpam-systemd,ufw
old_packages=docker.io,$common
new_packages=docker.io,docker-cli,$common

# The oldest of the distributions, so that the registry runs in the roots of all.
base_packages=iptables,docker-registry

announce() {
	printf 'setup: %s\n' "$*" >&2
}

fail() {
	announce "$*"
	exit 1
}

# missing_packages prints the Debian package of each tool that is not there.
missing_packages() {
	local pair
	for pair in debootstrap:debootstrap gpgv:gpgv ip:iproute2 \
		unshare:util-linux iptables:iptables nft:nftables sysctl:procps \
		gcc:gcc mkfs.ext4:e2fsprogs mount:mount lintian:lintian; do
		command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair#*:}"
	done
	# The race detector needs a C compiler with the C library's headers.
	[ -e /usr/include/stdio.h ] || printf 'libc6-dev\n'
	[ -e "$keyring" ] || printf 'debian-archive-keyring\n'
	[ -e /etc/ssl/certs/ca-certificates.crt ] || printf 'ca-certificates\n'
}

update_package_lists() {
	announce "updating apt's package lists"
	apt-get update -qq >&2
}

install_tools() {
	local packages
	mapfile -t packages < <(missing_packages)
	[ "${#packages[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		fail "there is no apt-get here; install these yourself: ${packages[*]}"

	# Lists that do not know the package yet are the one reason to update.
	apt-get install --simulate --no-install-recommends "${packages[@]}" >/dev/null 2>&1 ||
		update_package_lists
	announce "installing ${packages[*]}"
	DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
}

# debian_site prints the Debian mirror that apt is set up for. It prints
# nothing on other distributions, nor for kinds of mirror that only apt knows.
debian_site() {
	command -v apt-get >/dev/null || return 0
	# shellcheck disable=SC2016 # apt expands $(SITE) by itself
	apt-get indextargets --format '$(SITE)' \
		'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
		grep -m 1 -E '^(https?|file):' || true
}

# find_mirror sets mirror; left empty, debootstrap uses its own default.
find_mirror() {
	mirror=$(debian_site)
	[ -z "$mirror" ] || return 0

	# Without package lists apt does not know what its mirrors carry.
	if grep -qs '^ID=debian$' /etc/os-release && command -v apt-get >/dev/null; then
		update_package_lists
		mirror=$(debian_site)
	fi
}

# ready NAME PACKAGES says whether the root is there and has these packages.
ready() {
	[ "$(cat "$cache/$1/.mybridge-packages" 2>/dev/null)" = "$2" ]
}

# start_bootstrap SUITE DIR PACKAGES runs debootstrap in the background. Its
# namespaces end with it, and with them whatever mounts and processes the
# packages' scripts may have left. All that runs there has the lock file open,
# so that tidy can wait for the last of it.
start_bootstrap() {
	announce "unpacking $1 with $3 into $2"
	flock --no-fork "$2.lock" unshare --mount --pid --fork --kill-child --mount-proc \
		debootstrap --variant=minbase --force-check-gpg --keyring="$keyring" \
		--include="$3" "$1" "$2" ${mirror:+"$mirror"} >"$2.log" 2>&1 </dev/null &
}

# finish_engine NAME DIR PACKAGES makes the unpacked tree an engine's root.
finish_engine() {
	local version
	version=$(chroot "$2" dockerd --version) || fail "$2: dockerd does not run"
	version=${version#Docker version }
	version=${version%%,*}
	printf '%s\n' "$version" >"$2/.mybridge-engine"
	finish "$1" "$2" "$3"
	announce "engine $version is ready in $cache/$1"
}

# finish NAME DIR PACKAGES makes the unpacked tree the root that the tests will
# use, in the place of one with other packages.
finish() {
	rm -rf "$2"/var/cache/apt/* "$2"/var/lib/apt/lists/* "$2"/var/cache/debconf/*-old
	# These came from this machine and would make tests depend on it.
	rm -f "$2/etc/resolv.conf" "$2/etc/hostname"
	printf '%s\n' "$3" >"$2/.mybridge-packages"
	rm -rf "${cache:?}/$1"
	mv "$2" "$cache/$1"
	rm -f "$2.log"
}

# give_up DIR shows why debootstrap failed.
give_up() {
	tail -n 20 "$1.log" >&2
	fail "debootstrap failed"
}

# The script's end, however it comes, ends what it started. Killing unshare
# ends its whole process namespace, a moment later.
tidy() {
	local job directory
	{
		for job in $(jobs -pr); do
			kill -KILL "$job" || true
		done
		wait
	} 2>/dev/null
	for directory in "$old" "$new" "$base"; do
		flock "$directory.lock" rm -rf "$directory" "$directory.log" "$directory.lock"
	done
}

[ "$(id -u)" -eq 0 ] || fail "must run as root"
cache=${MYBRIDGE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mybridge-test}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)

exec 9>"$cache/lock"
if ! flock --nonblock 9; then
	announce "waiting for another run of this script"
	flock 9
fi

install_tools

old=$cache/engine-20.10.partial
new=$cache/engine-28.partial
base=$cache/plugin-base.partial
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
tidy

old_job='' new_job='' base_job='' mirror=''
if ! ready engine-20.10 "$old_packages" || ! ready engine-28 "$new_packages" || ! ready plugin-base "$base_packages"; then
	find_mirror
fi
if ! ready engine-20.10 "$old_packages"; then
	start_bootstrap bookworm "$old" "$old_packages"
	old_job=$!
fi
if ! ready engine-28 "$new_packages"; then
	start_bootstrap sid "$new" "$new_packages"
	new_job=$!
fi
if ! ready plugin-base "$base_packages"; then
	start_bootstrap bookworm "$base" "$base_packages"
	base_job=$!
fi

if [ -n "$old_job" ]; then
	wait "$old_job" || give_up "$old"
	finish_engine engine-20.10 "$old" "$old_packages"
fi
if [ -n "$new_job" ]; then
	if ! wait "$new_job"; then
		tail -n 5 "$new.log" >&2
		announce "sid cannot be had; falling back to trixie, whose engine is 26.1"
		rm -rf "$new"
		start_bootstrap trixie "$new" "$new_packages"
		wait "$!" || give_up "$new"
	fi
	finish_engine engine-28 "$new" "$new_packages"
fi
if [ -n "$base_job" ]; then
	wait "$base_job" || give_up "$base"
	# As in the images that are made to be built on.
	rm -rf "$base"/usr/share/{doc,info,locale,man}/*
	finish plugin-base "$base" "$base_packages"
	announce "the base of the managed plugin is ready in $cache/plugin-base"
fi
announce "everything the tests need is in $cache"
