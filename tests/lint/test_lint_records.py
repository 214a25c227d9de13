"""Rules about records: what `data check` finds, lint finds; and the branches of the rules that compare."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from lint_cases import lint

from cfgtool.data.check import inspect_records
from cfgtool.data.label_map import load_label_map
from cfgtool.data.paths import expand_paths, expand_pattern, shard_problems
from cfgtool.data.reading import WholeReading
from cfgtool.data.sources import sources
from cfgtool.lint import filecache
from cfgtool.lint.engine import Settings, analyse
from cfgtool.lint.findings import Finding
from cfgtool.lint.rules import load
from cfgtool.schema import read_config
from cfgtool.textproto import parse
from tools import make_record_fixtures

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = load()
DATA_CODES = [code for code in CATALOGUE.records if re.match("CFG5(5[3-9]|[89])", code)]
NEEDING = [code for code, record in CATALOGUE.records.items() if "needs" in record]

CONFIG = """
model {{ ssd {{ num_classes: 2 {model} }} }}
train_input_reader {{
  label_map_path: "fixtures/records/animals.pbtxt" {reader}
  tf_record_input_reader {{ input_path: "{path}" }}
}}
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    filecache.clear()


def config(path: str, reader: str = "", model: str = "") -> str:
    where = path if "/" in path else f"fixtures/records/{path}"
    return CONFIG.format(path=where, reader=reader, model=model)


def found(text: str, *codes: str, target: str = "tf2", whole: bool = False) -> list[Finding]:
    """The findings about records in `text`, or those of `codes`."""
    settings = Settings(target)
    settings.all_records = whole
    return [f for f in analyse(parse(text), None, settings).findings if f.code in (codes or DATA_CODES)]


def slugs_of(code: str) -> tuple[str, ...]:
    """The problems of the data layer that a rule speaks for."""
    module = CATALOGUE.records[code]["module"]
    checks = __import__(f"cfgtool.lint.checks.{module}", fromlist=["PROBLEMS"])
    return getattr(checks, "PROBLEMS", ())


def rule_of() -> dict[str, str]:
    """Problem of the data layer -> the rule that speaks for it."""
    return {slug: code for code in NEEDING for slug in slugs_of(code)}


def test_there_are_as_many_rules_as_planned_codes() -> None:
    assert len(DATA_CODES) == 27
    assert set(DATA_CODES) == set(NEEDING)


def test_every_problem_of_the_data_layer_has_one_rule() -> None:
    sources_of = "".join(
        (ROOT / "cfgtool" / "data" / f"{name}.py").read_text()
        for name in (
            "check",
            "check_example",
            "check_boxes",
            "check_objects",
            "check_loaded",
            "reading",
            "paths",
        )
    )
    written = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)",\s+"(?:error|warning|info)"', sources_of))
    assert len(written) > 30
    assert written == set(rule_of())
    assert len(rule_of()) == sum(len(slugs_of(code)) for code in NEEDING)


def data_check(text: str) -> set[tuple[str, str]]:
    """(rule, severity) of all that `cfgtool data check` says of a config."""
    rules, said = rule_of(), set()
    for source in sources(read_config(parse(text))):
        label_map = load_label_map(source.label_map_path)[0]
        reading = WholeReading(expand_paths(source.patterns))
        problems = inspect_records(reading, source.expected(label_map)).listed()
        for pattern in source.patterns:
            problems += shard_problems(pattern, expand_pattern(pattern))
        said |= {(rules[problem.code], problem.severity) for problem in problems}
    return said


MASKS = "load_instance_masks: true"
AGREEING = [
    *((name, "") for name in make_record_fixtures.files() if name.endswith(".record")),
    ("shards.record-?????-of-00003", ""),
    ("pair.record-?????-of-00002", ""),
    ("sound.record", MASKS),
    ("masks.record", MASKS),
    ("masks.record", f"{MASKS} mask_type: PNG_MASKS"),
    ("sound.record", "num_keypoints: 4"),
    ("sound.record", "max_number_of_boxes: 1"),
    ("crowded.record", "max_number_of_boxes: 120"),
]


@pytest.mark.parametrize("whole", [False, True], ids=["sample", "all"])
@pytest.mark.parametrize(("path", "reader"), AGREEING, ids=lambda value: value or "-")
def test_lint_and_data_check_agree(path: str, reader: str, whole: bool) -> None:
    text = config(path, reader)
    expected = data_check(text)
    speaking = set(rule_of().values())
    assert {(f.code, f.severity) for f in found(text, whole=whole) if f.code in speaking} == expected


def test_sound_records_are_silent() -> None:
    model = "image_resizer { fixed_shape_resizer { height: 320 width: 320 } } anchor_generator { ssd_anchor_generator { aspect_ratios: [1, 2, 0.5] } } post_processing { }"
    text = (
        config("sound.record", "num_readers: 1", model)
        + "eval_config { num_examples: 3 }"
        + READER.format("all_sizes.record")
    )
    assert found(text) == []
    assert found(text, target="tf1") == []


READER = 'eval_input_reader {{ label_map_path: "fixtures/records/animals.pbtxt" tf_record_input_reader {{ input_path: "fixtures/records/{0}" }} }}'

ANCHORS = "image_resizer {{ fixed_shape_resizer {{ height: 300 width: 300 }} }} matcher {{ argmax_matcher {{ {1} }} }} anchor_generator {{ {0} }}"
SMALL = "ssd_anchor_generator { min_scale: 0.2 aspect_ratios: 1 reduce_boxes_in_lowest_layer: false }"
RESIZER = "image_resizer {{ {0} }}"
NMS = "post_processing {{ batch_non_max_suppression {{ {0} }} }}"
FRCNN = 'model {{ faster_rcnn {{ num_classes: 2 {0} }} }} train_input_reader {{ tf_record_input_reader {{ input_path: "fixtures/records/{1}" }} }}'
CENTER = 'model {{ center_net {{ num_classes: 2 {0} }} }} train_input_reader {{ tf_record_input_reader {{ input_path: "fixtures/records/{1}" }} }}'

BRANCHES = [
    # Anchors: other generators, thresholds and matchers; generators that cannot work.
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "")), ["warning"]),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "matched_threshold: 0.03")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "ignore_thresholds: true")), []),
    ("CFG598", config("sound.record", model=ANCHORS.format(SMALL, "")), []),
    ("CFG598", config("boxless.record", model=ANCHORS.format(SMALL, "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("multiscale_anchor_generator { aspect_ratios: 1 }", "")), ["warning"]),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("multiscale_anchor_generator { aspect_ratios: 1 anchor_scale: 1.5 }", "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("multiscale_anchor_generator { }", "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("multiscale_anchor_generator { aspect_ratios: 0 }", "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("multiscale_anchor_generator { max_level: 2000000000 }", "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("flexible_grid_anchor_generator { anchor_grid { base_sizes: [12] aspect_ratios: [1] } }", "")), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format("flexible_grid_anchor_generator { anchor_grid { base_sizes: [12] } }", "")), []),
    ("CFG598", FRCNN.format("image_resizer { identity_resizer { } } first_stage_anchor_generator { grid_anchor_generator { scales: 1 aspect_ratios: 1 } }", "small_boxes.record"), ["warning"]),
    ("CFG598", FRCNN.format("image_resizer { identity_resizer { } } first_stage_anchor_generator { grid_anchor_generator { height: 5 width: 7 scales: 1 aspect_ratios: 1 } }", "small_boxes.record"), []),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "").replace("fixed_shape_resizer { height: 300 width: 300 }", "keep_aspect_ratio_resizer { min_dimension: 300 max_dimension: 300 pad_to_max_dimension: true }")), ["warning"]),
    # Small objects: each resizer.
    ("CFG599", config("small_boxes.record", model=RESIZER.format("fixed_shape_resizer { height: 100 width: 100 }")), ["warning"]),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("fixed_shape_resizer { height: 250 width: 250 }")), []),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("keep_aspect_ratio_resizer { min_dimension: 60 max_dimension: 600 }")), ["warning"]),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 1200 }")), []),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("keep_aspect_ratio_resizer { min_dimension: 600 max_dimension: 80 }")), ["warning"]),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("conditional_shape_resizer { condition: GREATER size_threshold: 80 }")), ["warning"]),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("conditional_shape_resizer { condition: SMALLER size_threshold: 900 }")), []),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("identity_resizer { }")), ["warning"]),
    ("CFG599", config("small_boxes.record", model=RESIZER.format("fixed_shape_resizer { height: 0 width: 0 }")), []),
    ("CFG599", config("small_boxes.record"), []),
    ("CFG599", CENTER.format(RESIZER.format("fixed_shape_resizer { height: 64 width: 64 }"), "small_boxes.record"), ["warning"]),
    # The shuffle buffer: switched off, small, several of them, and beside the readers' own.
    ("CFG553", config("sound.record", "shuffle_buffer_size: 4000000"), ["warning"]),
    ("CFG553", config("sound.record", "shuffle_buffer_size: 4000000 shuffle: false"), []),
    ("CFG553", config("sound.record", "shuffle_buffer_size: 2500000"), []),
    ("CFG553", config("sound.record", "read_block_length: 4000000"), []),
    ("CFG553", config("empty.record", "shuffle_buffer_size: 4000000"), []),
    # Shared images.
    ("CFG554", config("sound.record") + READER.format("shared.record"), ["warning"]),
    ("CFG554", config("sound.record") + READER.format("sound_val.record"), []),
    ("CFG554", config("sound.record") + READER.format("sound.record"), []),
    ("CFG554", READER.format("sound.record"), []),
    # Limits of detections.
    ("CFG555", config("crowded.record", model=NMS.format("")), ["warning", "warning"]),
    ("CFG555", config("crowded.record", model=NMS.format("max_total_detections: 120")), ["warning"]),
    ("CFG555", config("crowded.record", model=NMS.format("max_detections_per_class: 120 max_total_detections: 120")), []),
    ("CFG555", config("sound.record", model=NMS.format("max_detections_per_class: 1 max_total_detections: 2")), []),
    ("CFG555", config("sound.record", model=NMS.format("max_detections_per_class: 1 max_total_detections: 1")), ["warning"]),
    ("CFG555", FRCNN.format("first_stage_max_proposals: 100 second_stage_post_processing { batch_non_max_suppression { max_detections_per_class: 200 max_total_detections: 200 } }", "crowded.record"), ["warning"]),
    ("CFG555", CENTER.format("object_center_params { }", "crowded.record"), ["warning"]),
    ("CFG555", CENTER.format("object_center_params { max_box_predictions: 500 }", "crowded.record"), []),
    # Size classes: other metrics, more than one reader.
    ("CFG556", READER.format("large_only.record"), ["info"]),
    ("CFG556", 'eval_config { metrics_set: "pascal_voc_detection_metrics" }' + READER.format("large_only.record"), []),
    ("CFG556", READER.format("large_only.record") + READER.format("all_sizes.record"), ["info"]),
    ("CFG556", READER.format("boxless.record"), []),
    # Readers and shards.
    ("CFG558", config("sound.record", "num_readers: 2"), ["info"]),
    ("CFG558", config("pair.record-*", "num_readers: 2"), []),
    ("CFG558", config("sound.record"), []),
    ("CFG559", config("shards.record@3"), ["warning"]),
    ("CFG559", config("pair.record@2"), []),
    ("CFG559", config("shards.record-*"), []),
    # The miner: without a bound, and without images of background.
    ("CFG595", config("with_background.record", model="loss { hard_example_miner { } }"), []),
    ("CFG595", config("with_background.record", model="loss { hard_example_miner { max_negatives_per_positive: 3 } }"), ["warning"]),
    ("CFG595", config("sound.record", model="loss { hard_example_miner { max_negatives_per_positive: 3 } }"), []),
    ("CFG595", config("boxless.record", model="loss { hard_example_miner { max_negatives_per_positive: 3 } }"), []),
    # Classes without a label map or a number of classes are not judged.
    ("CFG588", 'train_input_reader { tf_record_input_reader { input_path: "fixtures/records/other_ids.record" } }', []),
    ("CFG588", 'model { ssd { num_classes: 3 } } train_input_reader { tf_record_input_reader { input_path: "fixtures/records/other_ids.record" } }', ["error"]),
    ("CFG589", 'train_input_reader { tf_record_input_reader { input_path: "fixtures/records/capitals.record" } }', []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text", "expected"), BRANCHES, ids=lambda value: value if str(value)[:3] == "CFG" else ""
)
def test_branches(code: str, text: str, expected: list[str]) -> None:
    assert [finding.severity for finding in found(text, code)] == expected


SAID = [
    ("CFG553", config("sound.record", "shuffle_buffer_size: 4000000"), "takes 2.7 GiB with 0.7 KiB per record; 2900000 would take 2 GiB"),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "")), "100 % of 16 boxes overlap no anchor by '0.5'"),
    ("CFG598", config("small_boxes.record", model=ANCHORS.format(SMALL, "")), "smaller than the smallest of 60 x 60 pixels, most around 12 x 12; lower 'min_scale'"),
    ("CFG598", config("sound.record", model=ANCHORS.format("flexible_grid_anchor_generator { anchor_grid { base_sizes: [20] aspect_ratios: [1] } }", "")), "larger than the largest of 20 x 20 pixels, most around 210 x 135; add larger 'base_sizes'"),
    ("CFG598", config("sound.record", model=ANCHORS.format("flexible_grid_anchor_generator { anchor_grid { base_sizes: [20, 160, 250] aspect_ratios: [1, 9, 9] } }", "")), "8 have other shapes, most around a width / height of 0.7; add 'aspect_ratios'"),
    ("CFG592", config("sound.record", MASKS), "4 of 4 records have this"),
    ("CFG589", config("capitals.record"), "the label map spells it 'cat'"),
    ("CFG580", config("cut_off.record"), "'cut_off.record', record 3 (byte 2209): the file ends 100 bytes too early"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "text", "said"), SAID, ids=lambda value: value if str(value)[:3] == "CFG" else ""
)
def test_messages(code: str, text: str, said: str) -> None:
    assert said in found(text, code)[0].message


def test_several_shuffle_buffers() -> None:
    path = 'input_path: "fixtures/records/sound_val.record"'
    text = config(
        "sound.record", "shuffle_buffer_size: 2000000 sample_from_datasets_weights: [1, 1]"
    ).replace("input_path", f"{path} input_path", 1)
    (finding,) = found(text, "CFG553")
    assert "and 2 buffers" in finding.message
    assert found(text.replace("sample_from_datasets_weights: [1, 1]", ""), "CFG553") == []


def test_example_counts_of_tf1() -> None:
    def codes(count: int, name: str = "sound_val.record") -> list[str]:
        text = f"eval_config {{ num_examples: {count} }}" + READER.format(name)
        return [finding.message for finding in found(text, "CFG557", target="tf1")]

    assert codes(2) == []
    assert codes(3) == ["'num_examples' is 3, and there are 2 records"]
    assert codes(2, "empty.record") == []
    text = 'eval_config {{ num_examples: {} }} eval_input_reader {{ tf_record_input_reader {{ input_path: "fixtures/shapes/shapes_train.record" }} }}'
    assert found(text.format(300), "CFG557", target="tf1") == [], "320, as far as a sample says"
    (finding,) = found(text.format(8000), "CFG557", target="tf1")
    assert re.search(r"about 3\d\d records", finding.message)


def test_whole_reading_counts_what_a_sample_estimates() -> None:
    text = 'eval_config { num_examples: 300 } eval_input_reader { tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" } }'
    (finding,) = found(text, "CFG557", target="tf1", whole=True)
    assert finding.message.endswith("there are 320 records")


NOTES = [
    ("PATH_TO_BE_CONFIGURED/train.record", []),
    ("", []),
    ("fixtures/records/none.record", []),  # a finding of its own
    ("/nowhere/at/all.record", ["records not checked: there is no '/nowhere/at/all.record' on this machine"]),
    ("elsewhere/x.record", ["records not checked: there is no 'elsewhere/x.record' on this machine"]),
    ("gs://bucket/x.record", ["records not checked: there is no 'gs://bucket/x.record' on this machine"]),
]


@pytest.mark.parametrize(("path", "notes"), NOTES)
def test_what_is_not_there_is_noted(path: str, notes: list[str]) -> None:
    text = f'train_input_reader {{ tf_record_input_reader {{ input_path: "{path}" }} }}'
    assert analyse(parse(text)).notes == notes
    assert analyse(parse(text), None, Settings(codes=frozenset({"CFG513"}))).notes == []


UNUSED = (
    'train_input_reader {{  # cfgtool: ignore[CFG582]\n  tf_record_input_reader {{ input_path: "{0}" }}\n}}\n'
)


@pytest.mark.parametrize(
    ("path", "unused"),
    [("fixtures/records/sound.record", True), ("/nowhere/x.record", False), ("PATH_TO_BE_CONFIGURED", False)],
)
def test_a_rule_without_its_records_had_no_say(path: str, unused: bool) -> None:
    assert bool(found(UNUSED.format(path), "CFG091")) is unused


def test_remapped_paths_are_followed() -> None:
    settings = Settings("tf2", frozenset({"CFG582"}), remaps=(("/data/", "fixtures/records/"),))
    (finding,) = analyse(parse(config("/data/turned_over.record")), None, settings).findings
    assert "'turned_over.record', record 1" in finding.message
    shards = parse('train_input_reader { tf_record_input_reader { input_path: "/data/pair.record@2" } }')
    assert analyse(shards, None, settings).notes == []


def test_a_folder_is_no_record() -> None:
    text = 'train_input_reader { tf_record_input_reader { input_path: "fixtures/records/" } }'
    (finding,) = found(text, "CFG513")
    assert (
        finding.message
        == "'input_path' of 'fixtures/records/' is a folder; write 'fixtures/records/*' for the files in it"
    )
    assert finding.fix is None


def test_a_sample_says_that_it_is_one() -> None:
    text = (
        'train_input_reader { tf_record_input_reader { input_path: "fixtures/shapes/shapes_train.record" } }'
    )
    (note,) = analyse(parse(text)).notes
    assert note == "'train_input_reader': a sample of the records was read; --all-records reads every one"
    settings = Settings()
    settings.all_records = True
    assert analyse(parse(text), None, settings).notes == []
    assert analyse(parse(config("sound.record"))).notes == []


def test_records_beside_the_config_are_found(tmp_path: Path, write_flawed: Callable[[Path], None]) -> None:
    write_flawed(tmp_path / "data" / "x.record")
    text = 'train_input_reader { tf_record_input_reader { input_path: "data/x.record" } }'
    assert [f.code for f in lint(text, path=str(tmp_path / "pipeline.config")) if f.code in DATA_CODES] == [
        "CFG582"
    ]


@pytest.fixture
def write_flawed() -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(make_record_fixtures.files()["turned_over.record"])

    return write


def test_a_second_analysis_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from cfgtool.data import check

    calls = []
    original = check.inspect_records
    monkeypatch.setattr(check, "inspect_records", lambda *given: calls.append(1) or original(*given))
    text = config("turned_over.record")
    first = [f.message for f in found(text)]
    assert calls == [1]
    assert [f.message for f in found("# typed\n" + text)] == first
    assert calls == [1]
    found(text.replace("num_classes: 2", "num_classes: 3"))
    assert calls == [1, 1], "other bounds judge the records otherwise"
    found(text, whole=True)
    assert len(calls) == 3


def test_changed_records_are_read_again(tmp_path: Path, write_flawed: Callable[[Path], None]) -> None:
    path = tmp_path / "data" / "x.record"
    write_flawed(path)
    text = config(str(path))
    assert [f.code for f in found(text, "CFG582")] == ["CFG582"]
    path.write_bytes(make_record_fixtures.files()["sound.record"])
    assert found(text, "CFG582") == []


def test_no_record_no_import() -> None:
    """A config away from its data does not load what reads data."""
    program = (
        "import sys; from cfgtool.lint.engine import lint_document; from cfgtool.textproto import parse\n"
        "text = 'model { ssd { } } train_input_reader { tf_record_input_reader { input_path: \"/none/x.record\" } }'\n"
        "lint_document(parse(text))\n"
        "bad = [name for name in sys.modules if name.startswith('cfgtool.data.') and name != 'cfgtool.data.sources'\n"
        "       and name not in ('cfgtool.data.expected', 'cfgtool.data.paths', 'cfgtool.data.problems')]\n"
        "sys.exit(f'imported {bad}' if bad else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr


def test_fixtures_are_the_written_ones(fixtures: Path) -> None:
    for name, content in make_record_fixtures.files().items():
        assert (fixtures / "records" / name).read_bytes() == content, name


@pytest.mark.reference
def test_pets_are_clean(shared: Path) -> None:
    record, labels = (
        shared / "corpus/records/pets_examples.record",
        shared / "corpus/label_maps/pet_label_map.pbtxt",
    )
    reader = f'label_map_path: "{labels}" tf_record_input_reader {{ input_path: "{record}" }}'
    sample = (shared / "corpus/configs_tf2/ssd_mobilenet_v2_fpnlite_320x320_coco17_tpu-8.config").read_text()
    model = sample[: sample.index("train_config")].replace("num_classes: 90", "num_classes: 37")
    text = f"{model} train_input_reader {{ {reader} }} eval_input_reader {{ {reader} }}"
    # Ten pictures of 37 breeds, all of them large: that is what is wrong with them.
    said = {(f.code, f.severity) for f in found(text)}
    assert said == {("CFG597", "info"), ("CFG556", "info")}


@pytest.mark.reference
def test_every_known_flaw_of_data_is_covered(shared: Path) -> None:
    import json

    known = json.loads((shared / "facts/failures.json").read_text())
    wanted = {row["id"] for row in known if row["detectable"] == "config+data"}
    coverage = tomllib.loads((ROOT / "rules/coverage_data.toml").read_text())
    assert set(coverage["failure"]) == wanted
    for entry in (*coverage["failure"].values(), *coverage["constraint"].values()):
        assert set(entry["rules"]) <= set(CATALOGUE.records)
