#!/usr/bin/env bash
# The service under a real systemd: Debian in a container, whose PID 1 is systemd.
# Needs root, debootstrap, systemd-nspawn (package systemd-container), a cgroup file system that may
# be written, and a wheel in dist/. Usage: tests/systemd-root.sh [ROOT]; an existing ROOT is used again.
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-$(mktemp -d)/root}
wheel=$(ls dist/edgeserve-*.whl)
version=$(basename "$wheel" | cut -d- -f2)

if [ ! -x "$root/usr/bin/systemctl" ]; then
    debootstrap --variant=minbase --include=ca-certificates,dbus,python3,python3-venv,systemd,systemd-sysv \
        bookworm "$root"
fi
# The network as this machine reaches it: resolver, certificates, pip's settings.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp -rL --remove-destination /etc/ssl/certs "$root/etc/ssl/"
[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/pip.conf"
rm -rf "$root/src"
mkdir "$root/src"
python3 - "$wheel" "$root/src" <<'PYTHON'
import sys
from pathlib import Path
from zipfile import ZipFile

sys.path.insert(0, ".")
from tests.deploy.wheels import bumped

wheel, folder = Path(sys.argv[1]), Path(sys.argv[2])
(folder / wheel.name).write_bytes(wheel.read_bytes())
version = wheel.name.split("-")[1]
bumped(wheel, f"{version}.post1", folder)
broken = bumped(wheel, f"{version}.post2", folder)
with ZipFile(broken) as source:
    entries = {entry.filename: source.read(entry) for entry in source.infolist()}
entries["edgeserve/app/server.py"] += b"\n\nraise RuntimeError\n"
with ZipFile(broken, "w") as target:
    for name, data in entries.items():
        target.writestr(name, data)
PYTHON
cp requirements.lock tests/systemd-inside.sh "$root/src/"

systemd-nspawn -D "$root" --register=no --keep-unit --boot --console=pipe --kill-signal=SIGRTMIN+3 \
    </dev/null >/dev/null 2>&1 &
nspawn=$!
trap 'kill "$nspawn" 2>/dev/null; wait "$nspawn" || true' EXIT
init=
for _ in $(seq 600); do
    init=$(pgrep -P "$nspawn" || true)
    [ -n "$init" ] && nsenter -t "$init" -a systemctl is-system-running --wait >/dev/null 2>&1 && break
    sleep 0.1
done
nsenter -t "$init" -a env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    $(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE)' || true) \
    bash /src/systemd-inside.sh "$version"
echo 'real systemd: install, reload, watchdog, upgrade, rollback and removal passed'
