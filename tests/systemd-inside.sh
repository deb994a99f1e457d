#!/usr/bin/env bash
# What tests/systemd-root.sh does inside of the container.
set -euxo pipefail
version=$1
address=unix:/run/edgeserve/grpc.sock
lock=(--lock /src/requirements.lock)
cd /tmp

until_true() { # waits for a minute
    for _ in $(seq 600); do
        if "$@"; then return; fi
        sleep 0.1
    done
    systemctl status --no-pager edgeserve
    return 1
}
property() { systemctl show --property "$1" --value edgeserve; }
told() { [[ $(property StatusText) == *"$1"* ]]; }
restarted() { [ "$(property NRestarts)" = 1 ] && [ "$(property ActiveState)" = active ]; }

# Install: from nothing but the base package to a service that runs.
[ -x boot/bin/edgeserve ] || { python3 -m venv boot && boot/bin/python -m pip install -q "/src/edgeserve-$version-py3-none-any.whl"; }
boot/bin/edgeserve service install "/src/edgeserve-$version-py3-none-any.whl" "${lock[@]}" --no-start
[ "$(stat -c %a:%U:%G /etc/edgeserve/edgeserve.toml)" = 640:root:edgeserve ]
cat >/etc/edgeserve/edgeserve.toml <<TOML
[serving]
listen = "$address"

[web]
http_listen = ""

[[camera]]
name = "gate"
url = "sample"
fps = 2
TOML
mkdir -p /etc/systemd/system/edgeserve.service.d
printf '[Service]\nWatchdogSec=10\n' >/etc/systemd/system/edgeserve.service.d/watchdog.conf
systemctl daemon-reload
systemctl start edgeserve
told '1 of 1 models ready'
edgeserve service status
edgeserve health --address $address
[ "$(ps -o user= -p "$(property MainPID)" 2>/dev/null || stat -c %U "/proc/$(property MainPID)")" = edgeserve ]
systemd-analyze verify --man=no /etc/systemd/system/edgeserve.service

# Reload.
printf '\n[[camera]]\nname = "yard"\nurl = "pattern"\nfsp = 2\n' >>/etc/edgeserve/edgeserve.toml
systemctl reload edgeserve
until_true told '/etc/edgeserve/edgeserve.toml:15: camera[1].fsp'
sed -i s/fsp/fps/ /etc/edgeserve/edgeserve.toml
systemctl reload edgeserve
until_true bash -c "edgeserve cameras list --address $address | grep -q yard"
[ "$(property StatusText)" = '1 of 1 models ready' ]

# A process that does nothing any more is started anew.
kill -STOP "$(property MainPID)"
until_true restarted
journalctl --no-pager -u edgeserve | grep 'Watchdog timeout'

# Upgrade; then to a version that does not start.
edgeserve service upgrade "/src/edgeserve-$version.post1-py3-none-any.whl" "${lock[@]}"
[ "$(basename "$(readlink /opt/edgeserve/current)")" = "$version.post1" ]
[ "$(property ActiveState)" = active ]
if edgeserve service upgrade "/src/edgeserve-$version.post2-py3-none-any.whl" "${lock[@]}"; then exit 1; fi
[ "$(basename "$(readlink /opt/edgeserve/current)")" = "$version.post1" ]
[ "$(property ActiveState)" = active ]
edgeserve health --address $address

edgeserve service remove
[ ! -e /opt/edgeserve ] && [ ! -e /usr/local/bin/edgeserve ]
[ -e /etc/edgeserve/edgeserve.toml ]
