"""`--to tf2` on the TF1 samples: the config of the same network, which TF2 reads without an error."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from test_migrate_lint import FLAGGED_BY

from cfgtool.errors import UserError
from cfgtool.files import read_text
from cfgtool.lint.engine import Settings, analyse
from cfgtool.migrate import Migration, migrate
from cfgtool.migrate.successors import NEAREST, PUBLISHED, SUCCESSORS
from cfgtool.networks import describe, described_extractors, known_extractors
from cfgtool.networks.description import NetworkDescription
from cfgtool.schema import Config, read_config
from cfgtool.textproto import parse

MIGRATED = {code for found in FLAGGED_BY.values() for code in found}

OTHER_LEVELS = ("ssd_resnet101_v1_fpn_shared_box_predictor_oid_512x512_sync.config",)
"""Its pyramid begins at level 2; that of SSD ResNets in TF2 has the levels 3 to 7, whatever `fpn` says."""


def read(text: str) -> Config:
    return read_config(parse(text))


def type_of(config: Config) -> str:
    model = config.message("model")
    architecture = model.which("model")
    assert architecture is not None
    return model.message(architecture).message("feature_extractor").text("type")


@pytest.fixture(scope="module")
def samples(shared: Path) -> dict[str, str]:
    paths = sorted((shared / "corpus" / "configs_tf1").glob("*.config"))
    return {path.name: read_text(str(path)) for path in paths}


@pytest.fixture(scope="module")
def turned(samples: dict[str, str]) -> dict[str, Migration]:
    """The samples whose design TF2 has, migrated with `--to tf2` alone."""
    found = {
        name: migrate(text, target="tf2")
        for name, text in samples.items()
        if type_of(read(text)) in SUCCESSORS
    }
    assert len(found) == 47
    return found


def shapes(network: NetworkDescription) -> Counter[tuple[str, tuple[int, ...]]]:
    """Of what both generations have: slim's ResNets have a block that nothing depends on, its attention to
    context lacks the biases of Keras'.
    """
    return Counter(
        (variable.name, tuple(variable.shape))
        for variable in network.variables
        if variable.tf1_name is not None and variable.tf2_key is not None
    )


def test_every_tf1_type_has_a_successor_or_a_near_one() -> None:
    tf1 = {name for name, generation in known_extractors().items() if generation == "tf1"}
    assert {*SUCCESSORS, *NEAREST} == tf1
    assert not {*SUCCESSORS} & {*NEAREST}
    for new in SUCCESSORS.values():
        assert known_extractors()[new] == "tf2"
    for near in NEAREST.values():
        assert all(known_extractors()[name.strip("'")] == "tf2" for name in near.split(" or "))


@pytest.mark.reference
def test_the_type_is_changed_and_told(turned: dict[str, Migration], samples: dict[str, str]) -> None:
    for name, result in turned.items():
        old, new = type_of(read(samples[name])), type_of(read(result.after))
        assert new == SUCCESSORS[old]
        (entry,) = (entry for entry in result.done if entry.step.id == "D1")
        assert not entry.change.exact
        assert repr(new) in entry.change.message
        before = [problem.message for problem in read(samples[name]).problems]
        assert [problem.message for problem in read(result.after).problems] == before


@pytest.mark.reference
def test_no_error_of_the_migrated_kinds_is_left(turned: dict[str, Migration]) -> None:
    for name, result in turned.items():
        report = analyse(parse(result.after), None, Settings("tf2"))
        errors = {finding.code for finding in report.findings if finding.severity == "error"}
        assert errors & MIGRATED == set(), name
        # What is left besides is of the sample itself: placeholders, image sizes, a label map; or told.
        told = {"CFG345"} if any(entry.step.id == "D12" for entry in result.left) else set()
        assert errors <= {"CFG043", "CFG342", "CFG516", "CFG579"} | told, name


@pytest.mark.reference
def test_the_network_is_the_same_or_the_difference_is_told(
    turned: dict[str, Migration], samples: dict[str, str]
) -> None:
    same = []
    for name, result in turned.items():
        config = read(result.after)
        if type_of(config) in described_extractors() and name not in OTHER_LEVELS:
            told = any(entry.step.id == "D11" for entry in result.left)
            equal = shapes(describe(config, "tf2")) == shapes(describe(read(samples[name]), "tf1"))
            assert equal is not told, name
            same.append(equal)
    assert (same.count(True), same.count(False)) == (41, 5)
    for name in OTHER_LEVELS:
        assert "D12" in [entry.step.id for entry in turned[name].left]
        with pytest.raises(UserError, match="6 layers, the feature extractor 5"):
            describe(read(turned[name].after), "tf2")


@pytest.mark.parametrize("type_", [name for name in SUCCESSORS if name.startswith("ssd_")])
@pytest.mark.parametrize("multiplier", ["0.35", "0.75", "1.0", "1.4"])
@pytest.mark.parametrize("depthwise", ["true", "false"])
def test_other_widths_are_told(fixtures: Path, type_: str, multiplier: str, depthwise: str) -> None:
    """Every combination: the numbers of filters differ between the generations if, and only if, that is said."""
    old = 'type: "ssd_mobilenet_v1"\n      min_depth: 16\n      depth_multiplier: 1.0\n'
    text = (fixtures / "migrate" / "tf1.config").read_text()
    assert old in text
    extractor = f'type: "{type_}" min_depth: 8 depth_multiplier: {multiplier} use_depthwise: {depthwise}\n'
    layers = f"num_layers: {5 if 'fpn' in type_ else 6}\n"
    text = migrate(text.replace(old, extractor).replace("num_layers: 6\n", layers)).after
    result = migrate(text, target="tf2")
    told = any(entry.step.id == "D11" for entry in result.left)
    backbones = [
        {shape for shape in shapes(describe(read(config), generation)) if shape[0].startswith("backbone/")}
        for config, generation in ((text, "tf1"), (result.after, "tf2"))
    ]
    assert (backbones[0] == backbones[1]) is not told


@pytest.mark.reference
def test_types_without_a_twin_are_asked_for(samples: dict[str, str]) -> None:
    asked = 0
    for text in samples.values():
        old = type_of(read(text))
        if old in NEAREST:
            result = migrate(text, target="tf2", unsafe=True)
            assert type_of(read(result.after)) == old
            (entry,) = (entry for entry in result.left if entry.step.id == "D3")
            assert NEAREST[old] in entry.change.message
            asked += 1
    assert asked == 18


@pytest.mark.reference
def test_the_checkpoint_is_asked_for_and_never_changed(
    turned: dict[str, Migration], samples: dict[str, str]
) -> None:
    for name, result in turned.items():
        before, after = (read(text).message("train_config") for text in (samples[name], result.after))
        path = before.text("fine_tune_checkpoint")
        assert after.text("fine_tune_checkpoint") == path
        if path:
            assert after.enum("fine_tune_checkpoint_version") == "V2"
            assert after.text("fine_tune_checkpoint_type")
            (entry,) = (entry for entry in result.left if entry.step.id == "A10")
            names = PUBLISHED.get(type_of(read(result.after)), ())
            assert all(f"{published}/checkpoint/ckpt-0" in entry.change.message for published in names)


UNPUBLISHED_SAMPLES = {
    "faster_rcnn_inception_resnet_v2_640x640_coco17_tpu-8",
    "faster_rcnn_inception_resnet_v2_1024x1024_coco17_tpu-8",
}
"""Models of the zoo whose configs are not among the samples."""


@pytest.mark.reference
def test_published_models_have_the_type(shared: Path) -> None:
    folder = shared / "corpus" / "configs_tf2"
    for type_, names in PUBLISHED.items():
        for name in {*names} - UNPUBLISHED_SAMPLES:
            assert type_of(read(read_text(str(folder / f"{name}.config")))) == type_
