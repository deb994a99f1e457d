from __future__ import annotations

import sys

import pytest

from edgeserve.domain.errors import NotAvailableError
from edgeserve.tooling.required import require


def test_a_missing_library_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(NotAvailableError, match=r"nncf .* pip install 'edgeserve\[quantize\]'"):
        require("nncf")


def test_what_is_there_is_returned() -> None:
    assert require("json") is sys.modules["json"]
