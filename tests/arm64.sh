#!/usr/bin/env bash
# The wheel on arm64: an emulated Debian in which the README's install command, the commands, the
# server and a stream really run. Needs root, debootstrap, qemu-user-static and binfmt-support
# (Debian's packages), and half an hour. Usage: tests/arm64.sh [ROOT]. A run that was interrupted
# goes on in the same ROOT with the step that it was at; another wheel begins with its own install.
# What an emulated CPU cannot show: speed, and OpenVINO, which a signal ends without a real chip's
# /sys. So there is none: the server must find that out and run the model with ONNX Runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-/var/tmp/edgeserve-arm64}
python=${PYTHON:-.venv/bin/python}
steps=$root/steps

mountpoint -q /proc/sys/fs/binfmt_misc \
    || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64

if [ ! -d "$steps" ]; then
    rm -rf "$root"
    debootstrap --foreign --arch=arm64 --variant=minbase \
        --include=ca-certificates,make,python3,python3-venv trixie "$root" > /dev/null
    # Unpacked, not configured: the packages' scripts would take the emulator half an hour, and
    # nothing here needs what they do.
    for package in "$root"/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$root"
    done
    mkdir "$steps"
fi
# The network as this machine reaches it: resolver, certificates, pip's settings.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/dev" || mount --rbind /dev "$root/dev"
trap 'umount "$root/proc"; umount -R -l "$root/dev"' EXIT

work=$root/root/edgeserve
wheel=$(basename dist/edgeserve-*.whl)
if ! cmp -s "dist/$wheel" "$work/$wheel"; then
    find "$steps" -type f ! -name venv -delete
    rm -rf "$work" "$root"/root/venv/lib/python3*/site-packages/edgeserve*
    mkdir -p "$work"
    cp "dist/$wheel" "$work"
fi
# A network of one convolution: ours would take minutes for a frame.
"$python" tests/release/tiny_model.py "$work/tiny.onnx"
cp tests/release/stream_once.py "$work"

# Runs a command in the root, once; its name's file keeps the seconds.
step() {
    local name=$1 started=$SECONDS
    shift
    if [ -e "$steps/$name" ]; then
        printf '\n$ %s\n(done before, in %s s)\n' "$*" "$(cat "$steps/$name")"
        return
    fi
    printf '\n$ %s\n' "$*"
    # Bytecode is made of what is imported only, when it is: a negated switch, hence the 0.
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        $(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE)' || true) PIP_NO_COMPILE=0 \
        sh -c "cd /root/edgeserve && $*"
    echo $((SECONDS - started)) > "$steps/$name"
    echo "($((SECONDS - started)) s, emulated)"
}
step machine uname -m
step venv python3 -m venv /root/venv
step install "/root/venv/bin/pip install -q './$wheel[server]'"
step version /root/venv/bin/edgeserve --version
step help /root/venv/bin/edgeserve --help
step devices /root/venv/bin/edgeserve devices
step import "rm -rf models && /root/venv/bin/edgeserve import tiny.onnx --head end-to-end --labels box --out models"
step stream /root/venv/bin/python stream_once.py
echo
echo "arm64: install, commands, server and a stream passed; $(awk '{ s += $1 } END { print s }' "$steps"/*) s, emulated"
