#!/usr/bin/env bash
#
# rootfs.sh DIR copies this system's iptables into DIR, both variants and what
# they load: the programs that mybridge starts, besides which it needs nothing.
# The Dockerfile runs it in a container, build.sh where there is no image.

set -euo pipefail
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
root=$1

# install_with_libraries FILE... copies files to where they are here, with the
# libraries that they are linked to.
install_with_libraries() {
	local files
	mapfile -t files < <(ldd "$@" | sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u)
	cp --dereference --parents "$@" "${files[@]}" "$root"
}

mkdir -p "$root/usr/sbin" "$root/etc" "$root/run" "$root/tmp"
programs=()
for name in {ip,ip6}tables{,-nft,-legacy}{,-save,-restore}; do
	path=$(command -v "$name") || continue
	program=$(readlink -f "$path")
	programs+=("$program")
	# One program has all names of a variant.
	[ "$program" = "/usr/sbin/$name" ] || ln -s "$program" "$root/usr/sbin/$name"
done
[ "${#programs[@]}" -gt 0 ] || {
	printf 'rootfs.sh: there is no iptables here\n' >&2
	exit 1
}
mapfile -t programs < <(printf '%s\n' "${programs[@]}" | sort -u)
install_with_libraries "${programs[@]}"

# Rules of others are listed too, so all extensions may be needed.
mapfile -t extensions < <(find /usr/lib /usr/lib64 -path '*/xtables/*.so' 2>/dev/null)
install_with_libraries "${extensions[@]}"
# Names of protocols in rules.
[ ! -e /etc/protocols ] || cp /etc/protocols "$root/etc"
