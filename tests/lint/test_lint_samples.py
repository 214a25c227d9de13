"""What is reported of the published sample configs, finding by finding, against the reviewed snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.sample_findings import findings, recorded

pytestmark = pytest.mark.reference


def test_the_samples_have_the_recorded_findings_and_no_others(shared: Path) -> None:
    assert findings(shared) == recorded()[1]


def test_every_recorded_finding_has_a_reason() -> None:
    reasons, found = recorded()
    assert [code for code in found if len(reasons[code]) < 20] == []
