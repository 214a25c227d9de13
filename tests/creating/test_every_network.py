"""Every network that a config can be made for: the config is clean, describes the network, and starts a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from created_data import LABEL_MAP, REFERENCE, write_data

from cfgtool.creating.create import Created, create
from cfgtool.creating.found import Found, find_places, look_at
from cfgtool.creating.keypoints import COCO_SIGMAS
from cfgtool.creating.options import Options
from cfgtool.creating.recipes import RECIPES, find_recipe
from cfgtool.data.keypoints import beside, keypoint_counts
from cfgtool.lint.engine import Settings, analyse
from cfgtool.networks import NetworkDescription, describe
from cfgtool.schema import Config, read_config
from cfgtool.schema.formatting import format_text
from cfgtool.textproto import parse
from cfgtool.training.architecture import TRAINED
from cfgtool.training.run.job import load_job
from cfgtool.training.run.options import TrainOptions
from cfgtool.training.starting.plan import plan_start

GIB = 1 << 30


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Records with masks and keypoints."""
    folder = write_data(tmp_path_factory.mktemp("data"), label_map=LABEL_MAP, masks="png", keypoints=3)
    return look_at(find_places(str(folder)))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Records with the keypoints of COCO's people."""
    sides = [part for part in COCO_SIGMAS if part != "nose"]
    labels = ["nose", *(f"{side}_{part}" for part in sides for side in ("left", "right"))]
    points = " ".join(f'keypoints {{ id: {id_} label: "{label}" }}' for id_, label in enumerate(labels))
    label_map = (
        f'item {{ id: 1 name: "/m/01g317" display_name: "person" {points} }} item {{ id: 2 name: "dog" }}'
    )
    folder = write_data(
        tmp_path_factory.mktemp("people"), label_map=label_map, keypoints=len(labels), masks="png"
    )
    return look_at(find_places(str(folder)))


def made(name: str, data: Found, folder: Path) -> Created:
    return create(Options(name, str(folder / "pipeline.config"), memory=256 * GIB), data)


BY_CHANCE = ("height", "width", "output_size", "min_dimension", "max_dimension", "learning_rate_base")
"""What is worked out is written even where it is the schema's own number."""


def written_defaults(config: Config) -> list[str]:
    """Fields that are written with the value that they have anyway."""
    return [
        f"{owner.path}.{entry.type.name}"
        for owner, entry in config.walk()
        if entry.type.single
        and entry.type.kind != "message"
        and entry.value == entry.type.default
        and entry.type.name not in BY_CHANCE
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_config_of_every_network_is_clean_and_starts(name: str, data: Found, tmp_path: Path) -> None:
    created = made(name, data, tmp_path)
    path = tmp_path / "pipeline.config"
    path.write_text(created.text)

    settings = Settings()
    settings.all_records = True
    report = analyse(parse(created.text), str(path), settings)
    assert [(finding.code, finding.message) for finding in report.findings] == []
    assert report.generation == "tf2"
    assert format_text(created.text) == created.text

    config = read_config(parse(created.text))
    assert written_defaults(config) == []
    network = describe(config, keypoints=keypoint_counts(config, beside(str(path))))
    assert network.verified
    assert network.generation == "tf2"
    if network.meta_architecture in TRAINED:
        start = plan_start(load_job(str(path)), TrainOptions(str(path), tmp_path / "run"))
        assert start.data.records == 24
        assert start.evaluation is not None
        assert start.evaluation.records == 6


PUBLISHED = sorted((REFERENCE / "corpus" / "configs_tf2").glob("*.config"))
NOT_OFFERED = "deepmac"
"""CenterNets that learn masks of a part of the classes, whose network is not described."""


@pytest.mark.reference
@pytest.mark.parametrize(
    "path", [path for path in PUBLISHED if NOT_OFFERED not in path.name], ids=lambda path: path.stem
)
def test_network_is_that_of_the_published_config(path: Path, people: Found, tmp_path: Path) -> None:
    """Names, shapes and keys of all variables, at the published number of classes; the size too."""
    recipe, size = find_recipe(path.stem)
    found = people if "_kpts" in path.stem else people._replace(keypoints=0)
    created = create(Options(path.stem, str(tmp_path / "pipeline.config"), memory=256 * GIB), found)
    assert created.recipe is recipe
    ours = describe(read_config(parse(created.text.replace("num_classes: 2", "num_classes: 90"))))
    theirs = describe(read_config(parse(path.read_text())))
    assert keyed(ours) == keyed(theirs)
    assert ours.feature_extractor == theirs.feature_extractor
    assert ours.feature_maps == theirs.feature_maps or size != recipe.sizes[0]


def keyed(network: NetworkDescription) -> dict[str | None, tuple[str, tuple[int, ...]]]:
    return {variable.tf2_key: (variable.name, variable.shape) for variable in network.variables}
