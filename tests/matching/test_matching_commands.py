"""Lint and `match` on detectors of every meta-architecture, with networks and checkpoints of the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matching_cases import moved, own_checkpoint, table, with_three_classes

from cfgtool.checkpoints import Checkpoint
from cfgtool.cli.main import main
from cfgtool.lint.engine import Settings, lint_document
from cfgtool.networks import NetworkDescription
from cfgtool.schema.overrides import set_value
from cfgtool.textproto import apply_edits, parse

pytestmark = pytest.mark.reference

RESTORE_RULES = frozenset({f"CFG4{number}" for number in range(14, 31)})
STEMS = {
    "faster_rcnn": "faster_rcnn_resnet50_v1_fpn_640x640_coco17_tpu-8",
    "mask_rcnn": "mask_rcnn_inception_resnet_v2_1024x1024_coco17_gpu-8",
    "center_net": "centernet_resnet50_v1_fpn_512x512_kpts_coco17_tpu-8",
    "ssd": "ssd_efficientdet_d0_512x512_coco17_tpu-8",
}


class Case:
    """A config of the corpus whose network and start checkpoint are those of a table."""

    def __init__(self, shared: Path, folder: Path, patch: pytest.MonkeyPatch, stem: str) -> None:
        self.shared, self.folder, self.stem, self.patch = shared, folder, stem, patch
        self.network = table(shared, "tf2", stem)
        self.checkpoint = own_checkpoint(self.network)
        (folder / "ckpt-1.index").touch()

    def config(self, **fields: str) -> Path:
        """The config with these fields of `train_config`."""
        text = (self.shared / "corpus/configs_tf2" / f"{self.stem}.config").read_text()
        fields = {
            "fine_tune_checkpoint": f'"{self.folder}/ckpt-1"',
            "fine_tune_checkpoint_version": "V2",
            **fields,
        }
        for name, value in fields.items():
            text = apply_edits(text, set_value(parse(text), f"train_config.{name}", value))
        path = self.folder / "pipeline.config"
        path.write_text(text)
        return path

    def _as_described(self) -> None:
        def describe(*_: object, **__: object) -> NetworkDescription:
            return self.network

        def opened(*_: object) -> Checkpoint:
            return self.checkpoint

        self.patch.setattr("cfgtool.lint.kept_network._kept", {})
        self.patch.setattr("cfgtool.lint.kept_network.describe", describe)
        self.patch.setattr("cfgtool.lint.filecache.kept_checkpoint", opened)
        self.patch.setattr("cfgtool.networks.description.describe", describe)
        self.patch.setattr("cfgtool.checkpoints.open_checkpoint", opened)

    def lint(self, **fields: str) -> dict[str, str]:
        """Code -> message."""
        path = self.config(**fields)
        self._as_described()
        document = parse(path.read_text())
        return {
            found.code: found.message
            for found in lint_document(document, str(path), Settings(codes=RESTORE_RULES))
        }

    def match(self, *options: str, **fields: str) -> int:
        path = self.config(**fields)
        self._as_described()
        with pytest.raises(SystemExit) as caught:
            main(["match", str(path), *options])
        return int(str(caught.value.code))


@pytest.fixture(params=list(STEMS))
def case(
    request: pytest.FixtureRequest, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Case:
    return Case(shared, tmp_path, monkeypatch, STEMS[request.param])


def test_lint_passes_what_is_right(case: Case) -> None:
    assert not case.lint(fine_tune_checkpoint_type='"detection"')


def test_lint_tells_other_classes(case: Case) -> None:
    case.network = with_three_classes(case.shared, case.network, case.stem)
    found = case.lint(fine_tune_checkpoint_type='"full"')
    assert set(found) == {"CFG415"}
    assert "of the heads have other shapes" in found["CFG415"]


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("classification", "CFG414", "write 'detection'"),
        ("fine_tune", "", ""),
    ],
)
def test_lint_tells_wrong_types(case: Case, kind: str, code: str, says: str) -> None:
    found = case.lint(fine_tune_checkpoint_type=f'"{kind}"')
    assert set(found) == {code} - {""}
    assert says in found.get(code, "")


def test_lint_tells_another_root(case: Case) -> None:
    case.checkpoint = moved(case.checkpoint, "model", "detector")
    found = case.lint(fine_tune_checkpoint_type='"detection"')
    assert set(found) == {"CFG417"}
    assert "saved under 'detector'" in found["CFG417"]


def test_lint_tells_frozen_heads(case: Case) -> None:
    head = next(item.name for item in case.network.variables if item.name.startswith("head/"))
    found = case.lint(fine_tune_checkpoint_type='"detection"', freeze_variables=f'["{head}", "backbon/"]')
    assert set(found) == {"CFG426", "CFG430"}
    assert "nearest is 'backbone/.*'" in found["CFG426"]
    assert "1 of the 1 frozen variables are not restored" in found["CFG430"]


def test_match_compares_all_types(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    status = case.match("--all-types", "--format", "json", fine_tune_checkpoint_type='"classification"')
    answer = json.loads(capsys.readouterr().out)
    assert status == 0
    assert answer["recommended"] == {"type": "full", "load_all": False}
    assert answer["change"].startswith("the config's 'classification' fails: nothing is restored")
    assert {row["type"]: row["severity"] for row in answer["types"]} == {
        "full": "ok", "detection": "ok", "classification": "error",
    }  # fmt: skip


def test_match_shows_one_type(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    assert case.match(fine_tune_checkpoint_type='"detection"') == 0
    out = capsys.readouterr().out
    assert out.startswith("ok: all ")
    assert "variables below the heads are restored" in out
