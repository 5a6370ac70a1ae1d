package firewalldoc

// iptablesSentences are on the chains of package iptables.
var iptablesSentences = []sentence{
	// The jumps into our chains.
	on(`mangle INPUT -j MYBRIDGE-INPUT`, "For what is for the host itself; only there while there is an internal network."),
	on(`mangle FORWARD -j MYBRIDGE-FORWARD`, "For what the host forwards, before filter."),
	on(`nat PREROUTING -j MYBRIDGE-PUBLISHED`, "For what comes in, before it is routed; only there while a port is published."),
	on(`nat OUTPUT -j MYBRIDGE-PUBLISHED`, "For what the host itself sends."),
	on(`nat POSTROUTING -j MYBRIDGE-POSTROUTING`, "For what goes out, behind Docker's own rules."),
	on(`filter FORWARD -j MYBRIDGE-FORWARD`, "At the end: DOCKER-USER and Docker's own chains have their say first."),

	// What passes.
	on(`mangle chain MYBRIDGE-FORWARD`, "The drops. mangle comes before filter, so no accept there undoes them. A return lets the packet go on."),
	on(`mangle MYBRIDGE-FORWARD -i (\S+) ! -o \S+ -j DROP`, "Nothing leaves the internal network,"),
	on(`mangle MYBRIDGE-FORWARD ! -i (\S+) -o \S+ -j DROP`, "and nothing enters it."),
	on(`mangle MYBRIDGE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN`, "Answers, what belongs to a connection that was let in, and what was sent to a published host port."),
	on(`mangle MYBRIDGE-FORWARD -i (\S+) -o \S+ -j RETURN`, "Neighbours on $1. Bridged frames come by here only where br_netfilter is on."),
	on(`mangle MYBRIDGE-FORWARD -i (\S+) -o \S+ -j DROP`, "From a neighbour on $1 by way of the host: neighbours must not reach each other."),
	on(`mangle MYBRIDGE-FORWARD -i (\S+) -o (\S+) -g MYBRIDGE-[0-9a-f]{11}`, "What comes in by $1 may go to the published ports."),
	on(`mangle MYBRIDGE-FORWARD -o (\S+) -g MYBRIDGE-[0-9a-f]{11}`, "The network's own chain says what else enters $1."),
	on(`mangle MYBRIDGE-FORWARD -o (\S+) -j DROP`, "Nothing else enters $1, whatever others' rules accept. Look here first when a connection times out."),
	on(`mangle MYBRIDGE-FORWARD -o (\S+) -j MYBRIDGE-ENGINE`, "$1 is a bridge of Docker's own driver: networks of ours do not enter it, but for ports published there, which went on above."),
	on(`mangle chain MYBRIDGE-ENGINE`, "The drops for bridges of Docker's own driver."),
	on(`mangle MYBRIDGE-ENGINE -i (\S+) -j DROP`, "Containers of $1 do not enter them."),
	on(`mangle chain MYBRIDGE-[0-9a-f]{11}`, "A network's own chain, by its ID: its published ports, at the container's own address. Only networks that are routed, trust an interface, or allow direct routing have one."),
	on(`mangle MYBRIDGE-[0-9a-f]{11} -p (?:ipv6-)?icmp -j RETURN`, "Ping and other ICMP."),
	on(`mangle MYBRIDGE-[0-9a-f]{11} -d (\S+)/\d+ -p (\S+) -m \S+ --dport (\S+) -j RETURN`, "$2 port $3 of $1 is published."),
	on(`mangle MYBRIDGE-[0-9a-f]{11} -j DROP`, "Nothing else. Look here first when a connection times out."),
	on(`mangle chain MYBRIDGE-INPUT`, "What internal networks reach of the host."),
	on(`mangle MYBRIDGE-INPUT -i (\S+) -m addrtype --dst-type LOCAL -m addrtype ! --dst-type LOCAL --limit-iface-in -j DROP`, "From $1 only the addresses of that bridge are reached, not the host's others."),

	// Host ports.
	on(`nat chain MYBRIDGE-PUBLISHED`, "The destination becomes the container's. One address stands before all addresses, and so wins."),
	on(`nat MYBRIDGE-PUBLISHED -m addrtype ! --dst-type LOCAL -j RETURN`, "Only what is sent to an address of the host itself. What is on its way elsewhere keeps its port."),
	on(`nat MYBRIDGE-PUBLISHED -d 127\.0\.0\.0/8 -j RETURN`, "The host's loopback cannot be forwarded: the held socket carries it."),
	on(`nat MYBRIDGE-PUBLISHED -d ::1/128 -j RETURN`, "The host's loopback cannot be forwarded: the held socket carries it."),
	on(`nat MYBRIDGE-PUBLISHED -d fe80::/10 -j RETURN`, "Nor can link-local addresses."),
	on(`nat MYBRIDGE-PUBLISHED (?:-d \S+ )?-i (\S+) -p (\S+) -m \S+ --dport (\S+) -j RETURN`, "The container is on $1 too: its neighbours there go by the held socket."),
	on(`nat MYBRIDGE-PUBLISHED -d (\S+)/\d+ ! -i (\S+) -p (\S+) -m \S+ --dport (\S+) -j DNAT --to-destination (\S+)`, "$3 port $4 of $1 leads to $5; neighbours on $2 go by the held socket."),
	on(`nat MYBRIDGE-PUBLISHED ! -i (\S+) -p (\S+) -m \S+ --dport (\S+) -j DNAT --to-destination (\S+)`, "$2 port $3 of all addresses leads to $4; neighbours on $1 go by the held socket."),

	// What leaves.
	on(`nat chain MYBRIDGE-POSTROUTING`, "Which source address a new connection gets, the last thing before it goes out."),
	on(`nat MYBRIDGE-POSTROUTING -o (\S+) -j RETURN`, "To $1, whose gateway is the host, the source stays what it is: the answer comes back by here."),
	on(`nat MYBRIDGE-POSTROUTING -s (\S+) ! -o \S+ -j MASQUERADE`, "What leaves $1 gets the address of the link it leaves by."),
	on(`nat MYBRIDGE-POSTROUTING -s (\S+) ! -o \S+ -j SNAT --to-source (\S+)`, "What leaves $1 gets $2, the address chosen."),

	// What Docker's policy would drop.
	on(`filter chain MYBRIDGE-FORWARD`, "Accepts, as Docker sets the policy of FORWARD to DROP. They may be broad: what must not pass is dropped elsewhere."),
	on(`filter MYBRIDGE-FORWARD -i mb-\+ -j ACCEPT`, "What comes from a bridge of ours,"),
	on(`filter MYBRIDGE-FORWARD -o mb-\+ -j ACCEPT`, "and what goes to one. The pattern stands for all bridges whose name nobody chose."),
	on(`filter MYBRIDGE-FORWARD -i ([^+ ]+) -j ACCEPT`, "What comes from $1,"),
	on(`filter MYBRIDGE-FORWARD -o ([^+ ]+) -j ACCEPT`, "and what goes to it."),
	on(`filter MYBRIDGE-FORWARD -i (\S+) -o \S+ -j ACCEPT`, "Neighbours on $1; what the host forwards by this bridge is for others to rule."),
}
