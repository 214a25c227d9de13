"""Every recorded call of these kinds is compared with: the tests beside this one loop over all cases of a kind."""

from __future__ import annotations

from pathlib import Path

import pytest

COUNTS = {
    "anchors": 12,
    "box_coder": 5,
    "classification_loss": 17,
    "hard_example_miner": 4,
    "localization_loss": 6,
    "matcher": 15,
    "nms": 34,
    "score_converter": 5,
    "similarity": 4,
    "target_assigner": 2,
}
TESTS = "".join(
    path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)
)


@pytest.mark.reference
@pytest.mark.parametrize("kind", COUNTS)
def test_all_cases_of_a_kind_are_gone_through(golden, kind):
    assert len(list(golden.cases(kind))) == COUNTS[kind]
    loop = f'for case in golden.cases("{kind}"):\n'
    assert loop in TESTS
    body = TESTS.split(loop, 1)[1].split("\n\n\n", 1)[0]
    assert "continue" not in body
    assert "assert" in body or "compare(" in body
