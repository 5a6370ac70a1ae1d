#!/usr/bin/env bash
#
# install.sh install|uninstall|purge puts mybridge below PREFIX (/usr/local), or
# takes it away again. Purging also removes the state and the settings.
#
# DESTDIR is a directory that stands for the root; systemd is then left alone.
# BINARY and MANUAL are what is installed, built by 'make build manual'.

set -euo pipefail
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}
binary=${BINARY:-bin/mybridge}
manual=${MANUAL:-build/manual}

units=$root$prefix/lib/systemd/system
pages=$root$prefix/share/man/man8
settings=$root/etc/default/mybridge
plugin=$root$prefix/libexec/docker/cli-plugins/docker-mybridge
# Debian's zsh looks for what comes with packages in a place of its own.
zsh=site-functions
[ "$prefix" != /usr ] || zsh=vendor-completions
completions=(
	"$manual/mybridge.bash:$root$prefix/share/bash-completion/completions/mybridge"
	"$manual/mybridge.zsh:$root$prefix/share/zsh/$zsh/_mybridge"
	"$manual/mybridge.fish:$root$prefix/share/fish/vendor_completions.d/mybridge.fish"
)

# with_systemd COMMAND... asks the systemd that runs here, if it is what is meant.
with_systemd() {
	if [ -z "$root" ] && [ -d /run/systemd/system ]; then
		systemctl --quiet "$@"
	fi
}

install_all() {
	local pair page
	if [ ! -e "$binary" ] || [ ! -e "$manual/mybridge.8" ]; then
		printf 'install.sh: %s or %s is missing: make build manual\n' "$binary" "$manual" >&2
		exit 1
	fi
	install -D -m 755 "$binary" "$root$prefix/bin/mybridge"
	install -d -m 755 "$units" "$pages" "$(dirname "$plugin")"
	sed "s|=/usr/bin/|=$prefix/bin/|" packaging/mybridge.service >"$units/mybridge.service"
	chmod 644 "$units/mybridge.service"
	for pair in "${completions[@]}"; do
		install -D -m 644 "${pair%%:*}" "${pair#*:}"
	done
	for page in "$manual"/*.8; do
		gzip -9nc "$page" >"$pages/${page##*/}.gz"
		chmod 644 "$pages/${page##*/}.gz"
	done
	# Found by the docker command line, as 'docker mybridge'.
	ln -sfn ../../../bin/mybridge "$plugin"
	[ -e "$settings" ] || install -D -m 644 packaging/mybridge.default "$settings"
	with_systemd daemon-reload
	printf 'mybridge is installed below %s; start it with: systemctl enable --now mybridge\n' "$prefix"
}

uninstall_all() {
	local pair
	if [ -e "$units/mybridge.service" ]; then
		with_systemd disable --now mybridge.service
	fi
	rm -f "$root$prefix/bin/mybridge" "$units/mybridge.service" "$plugin" "$pages"/mybridge{,-*}.8.gz
	for pair in "${completions[@]}"; do
		rm -f "${pair#*:}"
	done
	if cmp -s packaging/mybridge.default "$settings"; then
		rm "$settings"
	fi
	remove_empty
	with_systemd daemon-reload
	[ -n "$root" ] || packaging/leftovers.sh
}

# remove_empty takes away the directories that held our files alone, but for those that
# each system has, such as share/man. Below DESTDIR these go as well.
remove_empty() {
	local kept
	remove_below "$root$prefix" libexec/docker/cli-plugins
	remove_below "$root$prefix/lib" systemd/system
	remove_below "$root$prefix/share" bash-completion/completions "zsh/$zsh" fish/vendor_completions.d
	remove_below "$root$prefix/share/man" man8
	if [ -n "$root" ]; then
		for kept in bin lib share/man; do
			remove_below "$root" "${prefix#/}/$kept"
		done
		remove_below "$root" etc/default var/lib
	fi
}

# remove_below DIRECTORY PATH... removes each path below it that is empty, and its parents.
remove_below() {
	local path
	for path in "${@:2}"; do
		[ ! -d "$1/$path" ] || (cd "$1" && rmdir --parents --ignore-fail-on-non-empty "$path")
	done
}

purge_all() {
	uninstall_all
	rm -rf "$root/var/lib/mybridge" "$settings"
	remove_empty
}

case ${1:-} in
install) install_all ;;
uninstall) uninstall_all ;;
purge) purge_all ;;
*)
	printf 'usage: install.sh install|uninstall|purge\n' >&2
	exit 2
	;;
esac
