#!/usr/bin/env bash
#
# Shows mybridge on this machine's own docker engine, step by step, and takes
# everything away again that it made. Where there is no engine it installs
# Debian's docker.io, which stays.

set -euo pipefail
cd "$(dirname "$0")/.."

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
name=mybridge-demo
work=$(mktemp -d)
engine_pid='' plugin_pid='' server_pid=''

say() { printf '\n== %s\n' "$*"; }

# show prints a command, then runs it.
show() {
	printf '$ %s\n' "$*"
	"$@"
}

fail() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# wait_for TRIES COMMAND... repeats a command until it succeeds.
wait_for() {
	local tries=$1 i
	shift
	for ((i = 0; i < tries; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.2
	done
	return 1
}

install_missing() {
	local packages=()
	command -v dockerd >/dev/null || packages+=(docker.io)
	command -v docker >/dev/null || packages+=(docker.io)
	# From trixie on the command line is a package of its own.
	if ! command -v docker >/dev/null && apt-cache show docker-cli >/dev/null 2>&1; then
		packages+=(docker-cli)
	fi
	command -v ip >/dev/null || packages+=(iproute2)
	command -v iptables >/dev/null || packages+=(iptables)
	command -v nft >/dev/null || packages+=(nftables)
	[ "${#packages[@]}" -gt 0 ] || return 0
	say "This machine lacks ${packages[*]}: installing with apt-get. They stay when the demo ends."
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >"$work/apt.log" 2>&1 ||
		{ cat "$work/apt.log"; fail "apt-get could not install ${packages[*]}"; }
}

start_engine() {
	docker version >/dev/null 2>&1 && return 0
	if [ -d /run/systemd/system ]; then
		say "The engine does not run: starting it with systemctl. It goes on when the demo ends."
		systemctl start docker
	else
		say "The engine does not run: starting dockerd. The demo ends it again; its own bridge docker0 stays."
		dockerd >"$work/dockerd.log" 2>&1 &
		engine_pid=$!
	fi
	wait_for 150 docker version ||
		{ tail -n 20 "$work/dockerd.log" 2>/dev/null; fail "the engine does not answer"; }
}

start_plugin() {
	bin/mybridge serve --state-dir "$work/state" >"$work/mybridge.log" 2>&1 &
	plugin_pid=$!
	wait_for 50 grep -q 'mybridge is ready' "$work/mybridge.log" ||
		{ cat "$work/mybridge.log"; fail "the plugin did not start"; }
	cat "$work/mybridge.log"
}

# make_image builds an image of one small program, as there is none to pull.
make_image() {
	CGO_ENABLED=0 go build -trimpath -o "$work/image/probe" ./test/probe
	tar -C "$work/image" -c . | docker import --change 'ENTRYPOINT ["/probe"]' --change 'CMD ["sleep"]' - "$name" >/dev/null
}

# make_outside makes a host that is not on the containers' subnet. The address
# is one for documentation (RFC 5737), on a link that only this machine has.
make_outside() {
	ip netns add "$name"
	ip link add demo-outside type veth peer name eth0 netns "$name"
	ip address add 198.51.100.1/24 dev demo-outside
	ip link set demo-outside up
	ip -n "$name" address add 198.51.100.2/24 dev eth0
	ip -n "$name" link set eth0 up
	ip netns exec "$name" "$work/image/probe" serve -tcp 80 >"$work/outside.log" 2>&1 &
	server_pid=$!
	wait_for 50 grep -q serving "$work/outside.log" || fail "the host outside does not serve"
}

stop() {
	[ -z "$1" ] || { kill "$1" && wait "$1"; } 2>/dev/null || true
}

clean_up() {
	local code=$?
	trap - EXIT
	say "Cleaning up"
	docker rm -f "$name-one" "$name-two" >/dev/null 2>&1 || true
	docker network rm "$name" >/dev/null 2>&1 || true
	docker rmi "$name" >/dev/null 2>&1 || true
	stop "$server_pid"
	ip link delete demo-outside 2>/dev/null || true
	ip netns delete "$name" 2>/dev/null || true
	stop "$plugin_pid"
	stop "$engine_pid"
	rmdir /run/mybridge 2>/dev/null || true
	rm -rf "$work"
	[ "$code" -eq 0 ] && echo "Everything that the demo made is gone." || echo "The demo failed."
	exit "$code"
}

[ "$(id -u)" -eq 0 ] || fail "must run as root: sudo make demo"
trap clean_up EXIT
trap 'exit 130' INT TERM
mkdir "$work/image"

install_missing
start_engine
say "The engine"
show docker version --format 'docker {{.Server.Version}}'
make_image
make_outside

say "The plugin starts, beside the engine"
start_plugin

say "A network with mybridge's bridge and mybridge's addresses"
show docker network create -d mybridge --ipam-driver mybridge "$name"
show docker network inspect --format '{{range .IPAM.Config}}subnet {{.Subnet}}, gateway {{.Gateway}}{{end}}' "$name"

say "Two containers"
show docker run -d --name "$name-one" --network "$name" "$name"
show docker run -d --name "$name-two" --network "$name" -p 18080:80 "$name" serve -tcp 80
address=$(docker inspect --format "{{(index .NetworkSettings.Networks \"$name\").IPAddress}}" "$name-two")

say "They reach each other by name and by address"
show docker exec "$name-one" /probe ping "$name-two"
show docker exec "$name-one" /probe ping "$address"

say "They reach a host outside their subnet, which sees the host's address: NAT"
answer=$(show docker exec "$name-one" /probe get -retry 198.51.100.2:80)
echo "$answer"
[[ $answer == *" 198.51.100.1:"* ]] || fail "the host outside did not see the host's address"

say "A published port is reached from outside, with the client's own address, and by localhost"
show bin/mybridge ports "$name-two"
answer=$(show ip netns exec "$name" "$work/image/probe" get -retry 198.51.100.1:18080)
echo "$answer"
[[ $answer == *" 198.51.100.2:"* ]] || fail "the container did not see the client's address"
show "$work/image/probe" get 127.0.0.1:18080

say "What the host has of it"
show ip -brief address show type bridge
show nft list map inet mybridge published4
show nft list chain inet mybridge forward
show bash -c 'bin/mybridge ipam dump | cut -c 1-60'

say "The network goes, and its bridge, links, rules and addresses with it, within seconds"
show docker rm -f "$name-one" "$name-two"
show docker network rm "$name"
show bin/mybridge ipam dump
wait_for 50 bash -c "! ip -o link show | grep -q 'alias mybridge/mybridge'" || fail "a link is left"
wait_for 50 bash -c '! iptables-save | grep -q MYBRIDGE' || fail "a rule is left"
! nft list tables | grep -q mybridge || fail "a table is left"
