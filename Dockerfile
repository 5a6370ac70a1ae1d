# The root file system of the managed plugin: mybridge and the iptables that it
# needs where others drop by iptables. 'make plugin' builds it.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS collect
RUN command -v iptables >/dev/null || \
	{ apt-get update && apt-get install -y --no-install-recommends iptables; }
COPY plugin/rootfs.sh /build/
RUN /build/rootfs.sh /rootfs
COPY bin/mybridge /rootfs/

FROM scratch
COPY --from=collect /rootfs /
ENTRYPOINT ["/mybridge", "serve"]
