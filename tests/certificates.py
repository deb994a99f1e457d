"""Certificates made for one test run, by the program openssl."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """Signs certificates, in a folder of its own; its own is `ca.pem` there."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Authority:
        """An authority that nobody has heard of."""
        if shutil.which("openssl") is None:
            pytest.skip("no program openssl, which makes the certificates")
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        made._run(
            *("req", "-x509", *_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test ca"),
            *("-days", "2", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )
        return made

    @property
    def ca(self) -> Path:
        """Its own certificate."""
        return self.folder / "ca.pem"

    def issue(
        self, name: str, *, names: str = "IP:127.0.0.1", days: int = 2, common_name: str = ""
    ) -> tuple[Path, Path]:
        """NAME.pem and NAME.key; days below 0 make one that has expired."""
        (self.folder / "names").write_text(
            f"subjectAltName={names}\n"
            "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\nbasicConstraints=CA:FALSE\n"
        )
        subject = f"/CN={common_name or name}"
        self._run("req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", subject)
        self._run(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-days", str(days), "-extfile", "names", "-out", f"{name}.pem"),
        )
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def _run(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)  # noqa: S607
