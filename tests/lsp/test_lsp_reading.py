"""Diagnostics, hover, paths, outline: what is read from a text that is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsp_texts import DEMO, ROOT, at_cursor, demo, opened

from cfgtool.lsp.diagnostics import Shown, diagnostics, page_address
from cfgtool.lsp.hover import hover
from cfgtool.lsp.opened import Opened
from cfgtool.lsp.outline import folds, selections, symbols
from cfgtool.lsp.paths import files, paths
from cfgtool.lsp.places import scalars, trail
from cfgtool.lsp.uris import path_of, uri_of
from cfgtool.textproto import parse

# Diagnostics


def shown(text: str, **how: str) -> dict[str, Shown]:
    return {found.finding.code: found for found in diagnostics(opened(text, None, **how))}


def test_tags() -> None:
    found = {each.finding.code: each.tag for each in diagnostics(demo())}
    assert found["CFG101"] == "deprecated"
    assert found["CFG108"] == "unnecessary"
    assert found["CFG403"] == ""


def test_a_field_that_is_no_more_is_an_error_and_does_not_fade() -> None:
    found = shown("model { ssd { feature_extractor { batch_norm_trainable: true } } }")
    assert found["CFG150"].finding.category == "dead-field"
    assert found["CFG150"].tag == ""


def test_a_finding_names_the_other_place() -> None:
    text = "train_config {\n  batch_size: 1\n  batch_size: 2\n}\n"
    related = [each.related for each in shown(text).values() if each.related]
    assert related == [(17, 30, "batch_size: 1")]


def test_a_long_other_place_is_shortened() -> None:
    text = "train_config { data_augmentation_options { random_crop_image { } ssd_random_crop {\n%s} } }" % (
        "operations { min_object_covered: 0.5 }\n" * 9
    )
    words = [each.related[2] for each in shown(text).values() if each.related]
    assert words
    assert all(len(each) <= 60 and "\n" not in each for each in words)


def test_pages() -> None:
    assert page_address("CFG101") == uri_of(str(ROOT / "docs" / "rules" / "CFG101.md"))
    assert page_address("CFG101", "http://localhost/rules/") == "http://localhost/rules/CFG101.md"
    assert page_address("XYZ101") is page_address("XYZ101", "http://localhost/rules") is None


def test_a_target_is_followed() -> None:
    text = "train_config { load_all_detection_checkpoint_vars: true }"
    assert "CFG210" in shown(text, target="tf2")
    assert "CFG210" not in shown(text, target="tf1")


def test_a_label_map_that_is_being_written() -> None:
    found = shown('item { id: 1 name: "a" }\nite')
    assert {each.finding.path for each in found.values()} <= {"ite", ""}
    assert all("item" not in each.finding.message or "ite" in each.finding.path for each in found.values())


# Hover


def hovered(marked: str, path: Path | None = DEMO) -> str:
    text, offset = at_cursor(marked, path)
    found = hover(text, offset)
    return found.markdown if found else ""


def test_hover_on_a_field_explains_it() -> None:
    said = hovered("train_config { batch_s|ize: 4 }")
    assert "TrainConfig.batch_size" in said.splitlines()[0]
    assert "uint32" in said


def test_hover_covers_the_name_only() -> None:
    text, offset = at_cursor("train_config { batch_s|ize: 4 }")
    found = hover(text, offset)
    assert found is not None
    assert text.text[found.start : found.end] == "batch_size"


@pytest.mark.parametrize(
    ("marked", "part"),
    [
        (
            "model { ssd { feature_extractor { conv_hyperparams { activation: RE|LU_6 } } } }",
            "**RELU_6**: value 2",
        ),
        ("model { ssd { feature_extractor { conv_hyperparams { activation: |RELU } } } }", "(default)"),
        ('eval_input_reader { label_map_path: "../shapes/|shapes_label_map.pbtxt" }', "4 classes"),
        ('train_config { fine_tune_checkpoint: "pretrained/ck|pt-1" }', "object-based, TF2"),
        ('train_config { fine_tune_checkpoint: "../lint/trunk_tf1/|model.ckpt" }', "name-based, TF1"),
        (
            'eval_input_reader { tf_record_input_reader { input_path: "../shapes/shapes_*.rec|ord" } }',
            "2 files",
        ),
        ('eval_input_reader { label_map_path: "../shapes/|none.pbtxt" }', "no label map at"),
        ('eval_input_reader { label_map_path: "pipel|ine.config" }', "label map: "),
    ],
)
def test_hover_on_values(marked: str, part: str) -> None:
    if "trunk_tf1" in marked:
        prefix = next((ROOT / "fixtures" / "lint" / "trunk_tf1").glob("*.index")).stem
        marked = marked.replace("model.ckpt", prefix)
    assert part in hovered(marked)


def test_hover_on_a_finding_says_why() -> None:
    assert "CFG101" in hovered("train_config { batch_queue|_capacity: 3 }")
    assert "CFG030" in hovered("train_config { batch_siz|: 3 }")


@pytest.mark.parametrize(
    "marked", ["|", "model { | }", "model {\n  |\n}", "train_config { batch_size: 4| }", "x: 1 # |"]
)
def test_hover_on_nothing(marked: str) -> None:
    assert hovered(marked) == ""


# Places and paths


def test_the_trail_leads_from_the_outside_in() -> None:
    text, offset = at_cursor("model { ssd { image_resizer { fixed_shape_resizer { height: 3|00 } } } }")
    steps = trail(text.document, text.root, offset)
    assert [step.key for step in steps] == [
        "TrainEvalPipelineConfig.model",
        "DetectionModel.ssd",
        "Ssd.image_resizer",
        "ImageResizer.fixed_shape_resizer",
        "FixedShapeResizer.height",
    ]


def test_unknown_fields_have_no_type() -> None:
    text, offset = at_cursor("nothing { like: { batch_size: |3 } }")
    steps = trail(text.document, text.root, offset)
    assert [step.field.name for step in steps] == ["nothing", "like", "batch_size"]
    assert not any(step.key for step in steps)


def test_scalars_come_in_source_order_with_list_elements() -> None:
    document = parse(
        'model { ssd { num_classes: 1 } } eval_config { metrics_set: ["a", "b"] batch_size: 2 } x: 1'
    )
    found = [
        document.text[step.node.start : step.node.end]
        for step in scalars(document, "TrainEvalPipelineConfig")
        if step.node
    ]
    assert found == ["1", '"a"', '"b"', "2"]


def test_paths_of_the_demo() -> None:
    text = demo()
    found = {path.value: [Path(name).name for name in files(text, path)] for path in paths(text)}
    assert found == {
        "pretrained/ckpt-1": ["ckpt-1.index"],
        "../shapes/shapes_label_map.pbtxt": ["shapes_label_map.pbtxt"],
        "../shapes/shapes_train.record": ["shapes_train.record"],
        "../shapes/shapes_val.record": ["shapes_val.record"],
    }
    for path in paths(text):
        assert text.text[path.start : path.end] == path.value


@pytest.mark.parametrize("value", ["", "PATH_TO_BE_CONFIGURED/x", "gs://bucket/x", "a\\tb"])
def test_paths_that_are_none(value: str) -> None:
    assert not list(paths(opened(f'train_config {{ fine_tune_checkpoint: "{value}" }}')))


def test_a_path_without_its_closing_quote() -> None:
    text = opened('train_config {\n  fine_tune_checkpoint: "pretrained/ckpt-1\n}\n')
    assert [text.text[path.start : path.end] for path in paths(text)] == ["pretrained/ckpt-1"]


@pytest.mark.parametrize("name", ["/a/b.config", "/a b/ü%20.config", "/a/#?.config", "/a/\udcff.config"])
def test_uris(name: str) -> None:
    assert path_of(uri_of(name)) == name


@pytest.mark.parametrize(
    "uri", ["untitled:Untitled-1", "http://localhost/a", "", "file://", "vscode-notebook:/a", "file://[/a"]
)
def test_uris_without_a_file(uri: str) -> None:
    assert path_of(uri) is None


# Outline


def test_symbols_are_the_blocks() -> None:
    found = symbols(demo())
    assert [(symbol.name, symbol.detail) for symbol in found][:2] == [("model", "ssd"), ("train_config", "")]
    extractor = next(symbol for symbol in found[0].children[0].children if symbol.name == "feature_extractor")
    assert extractor.detail == "ssd_mobilenet_v1_keras"


def test_symbols_hold_their_children_and_their_names() -> None:
    pending = symbols(demo())
    while pending:
        symbol = pending.pop()
        assert symbol.start <= symbol.name_start <= symbol.name_end <= symbol.end
        assert all(symbol.start <= child.start and child.end <= symbol.end for child in symbol.children)
        pending += symbol.children


def test_symbols_of_a_label_map_show_its_classes() -> None:
    found = symbols(
        opened("item { id: 1 name: \"cat\" }\nitem { id: 2 display_name: 'dog' }\nitem { id: 3 }")
    )
    assert [symbol.detail for symbol in found] == ["cat", "dog", "3"]


def test_deep_nesting_is_cut_off() -> None:
    pending, depth = symbols(opened("a { " * 3000 + "} " * 3000)), 0
    while pending:
        pending, depth = pending[0].children, depth + 1
    assert 10 < depth < 100


def test_folds() -> None:
    text = opened("# one\n# two\nmodel {\n  ssd { }\n  # alone\n}\ntrain_config {\n  batch_size: 1\n")
    assert folds(text) == [(0, 1, True), (2, 4, False), (6, 7, False)]


def test_selections_grow() -> None:
    text, offset = at_cursor("model { ssd { num_classes: 1|2 } }\n")
    spans = selections(text, offset)
    assert [text.text[start:end] for start, end in spans] == [
        "12",
        "num_classes: 12",
        " num_classes: 12 ",
        "{ num_classes: 12 }",
        "ssd { num_classes: 12 }",
        " ssd { num_classes: 12 } ",
        "{ ssd { num_classes: 12 } }",
        "model { ssd { num_classes: 12 } }",
        "model { ssd { num_classes: 12 } }\n",
    ]


def test_a_text_without_a_file_is_like_any_other() -> None:
    text: Opened = opened("train_config { batch_size: 0 }", None)
    assert text.path is None
    assert text.report.findings is not None
    assert not list(paths(text))
