# threadtap in a container. Capturing and tracing are privileges that a container has to
# be given:
#
#   docker build -t threadtap .
#   docker run --rm --user "$(id -u):$(id -g)" --cap-add NET_RAW --cap-add SYS_PTRACE \
#       -v "$PWD":/lab threadtap run --out my-run
#
# Where the container may not have NET_RAW (--cap-drop ALL) it does not start at all, not even for
# --help: execve(2) refuses a file whose capability may not be had.
#
# --user: what is saved is yours. Without it, it is the user student (1000), who may not write
# into a folder of another one. The image holds python3, for clients and servers of one's own.

FROM debian:bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends make ca-certificates
WORKDIR /src
COPY . .
# Installs Rust, a C linker and libpcap's development files, and builds.
RUN make install DESTDIR=/out PREFIX=/usr

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpcap0.8 libcap2-bin python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 student
COPY --from=build /out/usr /usr
# A user that is not root has no capability unless a file gives it; the container's
# own bound (--cap-add) still holds.
RUN setcap cap_net_raw+ep /usr/bin/threadtap
USER student
WORKDIR /lab
ENTRYPOINT ["threadtap"]
CMD ["--help"]
