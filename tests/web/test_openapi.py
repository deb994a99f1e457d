"""The server does what its description says, whatever is asked of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.running import ServerThread

ENDLESS = {"/api/events", "/api/cameras/{name}/live"}
"""What never ends, and what is no plain HTTP, has tests of its own."""


@pytest.mark.long
@pytest.mark.timeout(900)
def test_answers_are_as_described() -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
    # Which bytes are a picture is more than a schema can say.
    checks = pytest.importorskip("schemathesis.specs.openapi.checks")
    any_picture_is_good = checks.positive_data_acceptance
    with ServerThread() as server:
        schema = schemathesis.openapi.from_url(f"{server.url}/api/openapi.json")
        operations = [result.ok() for result in schema.get_all_operations()]
        asked = [operation for operation in operations if operation.path not in ENDLESS]
        assert len(operations) - len(asked) == len(ENDLESS)
        assert {operation.path for operation in asked} >= {"/api/cameras", "/api/detect"}
        modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
        for operation in asked:
            strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]

            @settings(
                max_examples=25,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(data=st.data())
            def check(data: st.DataObject, strategies: list[st.SearchStrategy[Any]]) -> None:
                data.draw(st.one_of(strategies)).call_and_validate(
                    timeout=60, excluded_checks=[any_picture_is_good]
                )

            check(strategies=strategies)
