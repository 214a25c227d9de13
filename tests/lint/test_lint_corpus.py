"""The published sample configs and label maps: what is said of them is true, and said fast."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint_cases import lint, read

from cfgtool.lint.engine import Settings
from cfgtool.lint.fixing import fix_text

pytestmark = pytest.mark.reference

PLACEHOLDER = "CFG043"
TF1_ERRORS = {"ssd_mobilenet_v2_pets_keras.config": {"CFG210"}}
"""A sample with a Keras type that was run with TF1."""

RETIRED_METRICS = {
    "faster_rcnn_inception_resnet_v2_atrous_oid.config": "CFG701",
    "faster_rcnn_inception_resnet_v2_atrous_oid_v4.config": "CFG701",
    "ssd_mobilenet_v2_oid_v4.config": "CFG701",
}
"""Samples that ask for metrics by a name that was lost since."""


def errors(path: Path) -> set[str]:
    found = lint(read(path), path=str(path))
    return {f.code for f in found if f.severity == "error" and f.code[:4] in ("CFG0", "CFG1", "CFG2")} - {
        PLACEHOLDER
    }


def configs(shared: Path) -> list[Path]:
    return sorted((shared / "corpus").glob("configs_*/*.config"))


def test_tf2_samples_have_no_error(shared: Path) -> None:
    paths = [path for path in configs(shared) if path.parent.name == "configs_tf2"]
    assert len(paths) == 40
    assert {path.name: errors(path) for path in paths if errors(path)} == {}


def test_tf1_samples_have_the_known_errors(shared: Path) -> None:
    paths = [path for path in configs(shared) if path.parent.name == "configs_tf1"]
    assert len(paths) == 66
    assert {path.name: errors(path) for path in paths if errors(path)} == TF1_ERRORS


def test_retired_metrics_are_found(shared: Path) -> None:
    found = {(path.name, f.code) for path in configs(shared) for f in lint(read(path))}
    assert {(name, code) for name, code in found if code in ("CFG701", "CFG703")} == set(
        RETIRED_METRICS.items()
    )


def test_label_maps_are_silent(shared: Path) -> None:
    paths = sorted((shared / "corpus" / "label_maps").glob("*.pbtxt"))
    assert len(paths) == 13
    assert {path.name: lint(read(path)) for path in paths} == {path.name: [] for path in paths}


def test_fixing_the_samples(shared: Path) -> None:
    for path in configs(shared):
        outcome = fix_text(read(path), str(path), Settings())
        assert not [f for f in outcome.report.findings if f.fix and f.fix.applicability == "safe"]
        assert outcome.text.count("#") == read(path).count("#"), "safe fixes keep every comment"
