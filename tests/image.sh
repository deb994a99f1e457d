#!/usr/bin/env bash
# Build the image `cpu` on a bare Debian and use it: see tests/release/image.py for what must hold.
# Needs root, debootstrap, buildah and prometheus (Debian's packages). Nothing but Debian's and
# Python's registries is reached. Usage: tests/image.sh [PYTHON with the wheel installed]
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
base=localhost/edgeserve-test-base:trixie
image=localhost/edgeserve-test:cpu

if ! buildah inspect --type image "$base" > /dev/null 2>&1; then
    root=$(mktemp -d)/root
    trap 'rm -rf "$root"' EXIT
    debootstrap --variant=minbase --include=ca-certificates trixie "$root" > /dev/null
    # The network as this machine reaches it: resolver, certificates, pip's settings.
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
    [ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
    # As the published slim images do it.
    rm -rf "$root"/usr/share/{doc,man,locale}/*
    printf 'path-exclude /usr/share/%s/*\n' doc man locale > "$root/etc/dpkg/dpkg.cfg.d/slim"
    container=$(buildah from scratch)
    buildah add -q "$container" "$root" /
    buildah commit -q --rm "$container" "$base"
fi

if [ -x .venv-release/bin/hadolint ]; then
    .venv-release/bin/hadolint -c deploy/docker/hadolint.yaml deploy/docker/Dockerfile
    echo 'hadolint: no complaints'
fi
buildah bud --isolation chroot --format docker --layers --target cpu \
    --build-arg "BASE=$base" --build-arg "SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1580601600}" \
    -f deploy/docker/Dockerfile -t "$image" .
"$python" tests/release/image_size.py "$image" "$base"
"$python" tests/release/image.py "$image"
