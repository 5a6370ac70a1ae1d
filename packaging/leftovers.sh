#!/bin/sh
#
# Says what networks leave on the host while no plugin runs. It is also what the
# package runs before it is removed.

set -e
left=$(grep -ls '^mybridge/' /sys/class/net/*/ifalias | cut -d/ -f5 | tr '\n' ' ')
[ -n "$left" ] || exit 0
cat >&2 <<END
mybridge: networks are left, and work on: the links $left
and the rules of the packet filter stay until the next boot. Nobody mends them, the
host's loopback does not reach published ports, and containers of these networks
cannot be started. To remove them, install mybridge again and remove the networks
first: docker network ls --filter driver=mybridge
END
