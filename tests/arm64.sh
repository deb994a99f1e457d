#!/usr/bin/env bash
# The wheel on arm64: an emulated Debian in which the README's install command, the commands, the
# server and a stream really run. Needs root, debootstrap, qemu-user-static and binfmt-support
# (Debian's packages), and half an hour. Usage: tests/arm64.sh [ROOT]; an existing ROOT is used
# again. What an emulated CPU cannot show: speed, and OpenVINO, which ends without a real chip.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-/var/tmp/edgeserve-arm64}
python=${PYTHON:-.venv/bin/python}

mountpoint -q /proc/sys/fs/binfmt_misc \
    || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64

if [ ! -e "$root/root-is-ready" ]; then
    rm -rf "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase \
        --include=ca-certificates,make,python3,python3-venv trixie "$root"
    # Unpacked, not configured: the packages' scripts would take the emulator half an hour, and
    # nothing here needs what they do.
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    touch "$root/root-is-ready"
fi
# The network as this machine reaches it: resolver, certificates, pip's settings.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/dev" || mount --rbind /dev "$root/dev"
trap 'umount "$root/proc"; umount -R -l "$root/dev"' EXIT

# A network of one convolution: ours would take minutes for a frame.
work=$root/root/edgeserve
rm -rf "$work"
mkdir -p "$work"
cp dist/edgeserve-*.whl tests/release/stream_once.py "$work"
"$python" tests/release/tiny_model.py "$work/tiny.onnx"

inside() {
    local started=$SECONDS
    printf '\n$ %s\n' "$*"
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        $(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE)' || true) \
        sh -c "cd /root/edgeserve && $*"
    echo "($((SECONDS - started)) s, emulated)"
}
inside uname -m
[ -x "$root/root/venv/bin/pip" ] || inside python3 -m venv /root/venv
inside "/root/venv/bin/pip install -q './$(basename dist/edgeserve-*.whl)[server]'"
inside /root/venv/bin/edgeserve --version
inside /root/venv/bin/edgeserve --help
inside /root/venv/bin/edgeserve devices
inside /root/venv/bin/edgeserve import tiny.onnx --head end-to-end --labels box --out models
inside /root/venv/bin/python stream_once.py
echo
echo 'arm64: install, commands, server and a stream passed'
