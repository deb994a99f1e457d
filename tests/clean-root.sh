#!/usr/bin/env bash
# From a bare Debian to boxes: the README's commands in a fresh root, without a checkout and from
# one, timed and counted by tests/release/first_run.py; the tables are kept in output/first-run.md.
# TESTS=1: then also `make test` there. Needs root, debootstrap and a wheel in dist/.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
root=$folder/root

unmount() {
    ! mountpoint -q "$root/proc" || umount "$root/proc"
    ! mountpoint -q "$root/dev" || umount -R -l "$root/dev"
}
trap 'unmount; rm -rf --one-file-system "$folder"' EXIT

debootstrap --variant=minbase --include=ca-certificates bookworm "$root" > /dev/null
rm -f "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*_*
# The network as this machine reaches it: resolver, certificates, pip's settings.
cp /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/etc/ssl" "$root/root/dist" "$root/root/edgeserve-checkout"
cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
cp dist/edgeserve-*.whl "$root/root/dist"
git archive HEAD | tar -x -C "$root/root/edgeserve-checkout"
mv "$root" "$folder/bare"

mkdir -p output
: > output/first-run.md
for way in package checkout; do
    unmount
    rm -rf --one-file-system "$root"
    cp -a "$folder/bare" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
    python3 tests/release/first_run.py "$root" "$way" | tee -a output/first-run.md
done
if [ -n "${TESTS:-}" ]; then
    python3 tests/release/first_run.py "$root" tests
fi
