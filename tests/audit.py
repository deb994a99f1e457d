"""Known vulnerabilities of the packages that a lock file names.

    python tests/audit.py requirements-dev.lock

Asks PyPI, and OSV where PyPI does not answer. Exit code 1 if a package has one; 0 if none has, and
also where nobody could be asked, which is said: a change must not wait for a service on the web.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SERVICES = ("pypi", "osv")
TIMEOUT_S = 300


def ask(service: str, lock: str) -> list[dict[str, Any]]:
    """Packages as pip-audit reports them; none where the service could not be asked."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [
            *(sys.executable, "-m", "pip_audit", "--vulnerability-service", service),
            *("--requirement", lock, "--require-hashes", "--disable-pip", "--progress-spinner=off"),
            *("--format", "json", "--output", str(report)),
        ]
        try:
            subprocess.run(command, timeout=TIMEOUT_S, check=False, capture_output=True)
            packages: list[dict[str, Any]] = json.loads(report.read_text())["dependencies"]
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return []
    return packages


def main() -> int:
    """Ask for each lock; the exit code."""
    found = False
    for lock in sys.argv[1:]:
        for service in SERVICES:
            packages = ask(service, lock)
            known = [one for one in packages if "vulns" in one]
            if known:
                print(f"{lock}: {service} knows {len(known)} of {len(packages)} packages")
                break
        else:
            print(f"{lock}: NOT AUDITED, neither {' nor '.join(SERVICES)} could be asked")
            continue
        for package in known:
            for one in package["vulns"]:
                found = True
                mended = ", ".join(one["fix_versions"]) or "no version yet"
                print(f"  {package['name']} {package['version']}: {one['id']}, mended in {mended}")
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
