"""The table is what was observed."""

from __future__ import annotations

from tests.faults.table import table


def test_rows_become_lines_of_a_table_in_their_order() -> None:
    first = {
        "fault": "a|b",
        "seen": ["2 x OK", "1 x ERROR"],
        "counted": ['errors_total{code="x"} +1'],
        "logged": ["WARNING `odd`"],
        "recovered": ["at once"],
    }
    second = {"fault": "c", "seen": [], "counted": [], "logged": [], "recovered": []}
    *_, rule, one, two = table([first, second]).splitlines()
    assert rule == "|---|---|---|---|"
    counted = "`errors_total{code=\"x\"} +1`<br>log: `WARNING 'odd'`"
    assert one == f"| a\\|b | 2 x OK<br>1 x ERROR | {counted} | at once |"
    assert two == "| c | nothing | nothing | nothing |"
