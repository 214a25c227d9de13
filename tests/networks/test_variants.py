"""Settings that no reference table has, as the OD API itself listed them (key and shape of every variable).

`recorded/variants.json` holds for each variant of a golden's config the number of variables and the SHA-256 of the sorted
JSON list of [key, shape]; `recorded/demo.json` the whole list for the demo's config.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cfgtool.networks import describe
from cfgtool.schema import read_config
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

RECORDED = Path(__file__).parent / "recorded"
VARIANTS: list[dict[str, Any]] = json.loads((RECORDED / "variants.json").read_text())


def listing(text: str) -> list[tuple[str | None, list[int]]]:
    """Key and shape of every variable of a config, sorted."""
    network = describe(read_config(parse(text)))
    return sorted((variable.tf2_key, list(variable.shape)) for variable in network.variables)


@pytest.mark.reference
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v['golden']} {' '.join(v['changes'])}")
def test_variants_of_the_goldens(variant: dict[str, Any], shared: Path) -> None:
    text = (shared / "oracle" / "golden" / f"{variant['golden']}.config").read_text(encoding="utf-8")
    for change in variant["changes"]:
        path, _, value = change.partition("=")
        text = apply_edits(text, set_value(parse(text), path, value))
    found = listing(text)
    assert len(found) == variant["variables"]
    assert hashlib.sha256(json.dumps(found).encode()).hexdigest() == variant["sha256"]


def test_the_demo(fixtures: Path) -> None:
    recorded = json.loads((RECORDED / "demo.json").read_text())
    assert dict(listing((fixtures / "demo" / "pipeline.config").read_text(encoding="utf-8"))) == recorded
