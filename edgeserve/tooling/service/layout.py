"""Where a system service and what belongs to it lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

UNIT = "edgeserve.service"
_HERE = Path(__file__).resolve()


@dataclass(frozen=True)
class Layout:
    """The places under a root folder: `/`, or that of an image that is being made."""

    root: Path = Path("/")

    def at(self, place: str) -> Path:
        """A place of the system, under the root."""
        return self.root / place.lstrip("/")

    @property
    def live(self) -> bool:
        """Whether it is the system that runs."""
        return self.root.resolve() == Path("/")

    @property
    def home(self) -> Path:
        """All that is the program's."""
        return self.at("/opt/edgeserve")

    @property
    def versions(self) -> Path:
        """A virtual environment each."""
        return self.home / "versions"

    @property
    def current(self) -> Path:
        """A link to the version in force."""
        return self.home / "current"

    @property
    def previous(self) -> Path:
        """A link to the version before it."""
        return self.home / "previous"

    @property
    def program(self) -> Path:
        """What the unit starts."""
        return self.current / "bin" / "edgeserve"

    @property
    def command(self) -> Path:
        """A link to the program where people's shells look."""
        return self.at("/usr/local/bin/edgeserve")

    @property
    def unit(self) -> Path:
        """What the service manager reads."""
        return self.at("/etc/systemd/system") / UNIT

    @property
    def sysusers(self) -> Path:
        """The user of the service."""
        return self.at("/etc/sysusers.d/edgeserve.conf")

    @property
    def tmpfiles(self) -> Path:
        """Who may read the configuration."""
        return self.at("/etc/tmpfiles.d/edgeserve.conf")

    @property
    def configuration(self) -> Path:
        """What the operator writes."""
        return self.at("/etc/edgeserve/edgeserve.toml")

    @property
    def secrets(self) -> Path:
        """Variables that only root may read."""
        return self.configuration.with_name("edgeserve.env")

    @property
    def generated(self) -> dict[tuple[str, ...], Path]:
        """What the program writes of itself, by the command that prints it."""
        share = self.at("/usr/local/share")
        return {
            ("man", "edgeserve.1"): share / "man/man1/edgeserve.1",
            ("man", "edgeserve.toml.5"): share / "man/man5/edgeserve.toml.5",
            ("completion", "bash"): share / "bash-completion/completions/edgeserve",
            ("completion", "zsh"): share / "zsh/site-functions/_edgeserve",
            ("completion", "fish"): share / "fish/vendor_completions.d/edgeserve.fish",
        }

    @property
    def data(self) -> tuple[Path, ...]:
        """What the service wrote."""
        return self.at("/var/lib/edgeserve"), self.at("/var/cache/edgeserve")


def shipped(name: str) -> str:
    """A file that came with the program: inside the wheel, or in the checkout."""
    installed = _HERE.parent / "files" / name
    checkout = _HERE.parents[3] / "deploy" / "systemd" / name
    return (installed if installed.is_file() else checkout).read_text(encoding="utf-8")
