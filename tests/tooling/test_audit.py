"""What `make audit` makes of what a service says."""

from __future__ import annotations

from typing import Any

import pytest

from tests import audit

GOOD = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "unheard", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "code", "told"),
    [
        ({"pypi": [GOOD, UNKNOWN]}, 0, "lock: pypi knows 1 of 2 packages"),
        ({"pypi": [GOOD, BAD]}, 1, "bad 2: CVE-1, mended in 3"),
        ({"pypi": [UNKNOWN], "osv": [BAD]}, 1, "lock: osv knows 1 of 1 packages"),
        ({"pypi": [UNKNOWN]}, 0, "lock: NOT AUDITED"),
        ({}, 0, "lock: NOT AUDITED"),
    ],
)
def test_findings_fail_and_silence_is_said(
    answers: dict[str, list[dict[str, Any]]],
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(audit, "ask", lambda service, _lock: answers.get(service, []))
    monkeypatch.setattr("sys.argv", ["audit.py", "lock"])
    assert audit.main() == code
    assert told in capsys.readouterr().out
