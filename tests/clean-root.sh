#!/usr/bin/env bash
# The README's two commands in a fresh Debian with nothing but python3, python3-venv and make.
# Needs root and debootstrap. Usage: tests/clean-root.sh [ROOT]; an existing ROOT is used again.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-$(mktemp -d)/root}

if [ ! -x "$root/usr/bin/make" ]; then
    debootstrap --variant=minbase --include=ca-certificates,make,python3,python3-venv \
        bookworm "$root"
fi
# The network as this machine reaches it: resolver, certificates, pip's settings.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"

mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/dev" || mount --rbind /dev "$root/dev"
trap 'umount "$root/proc"; umount -R -l "$root/dev"' EXIT

rm -rf "$root/src"
mkdir "$root/src"
git archive HEAD | tar -x -C "$root/src"
inside() {
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        $(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE)' || true) \
        sh -c "cd /src && $1"
}
inside 'make run ONCE=1'
test -s "$root/src/output/demo.jpg"
inside 'make test'
echo 'clean root: make run and make test passed'
