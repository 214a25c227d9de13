"""The engine: which rules are asked, for which generation, and what silences them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from lint_cases import codes, lint

from cfgtool.errors import UserError
from cfgtool.lint.engine import Settings, analyse, lint_document
from cfgtool.lint.generation import detect_generation
from cfgtool.lint.rules import load
from cfgtool.lint.selection import selected_codes
from cfgtool.schema import read_config
from cfgtool.textproto import parse

GENERATIONS = {
    "nothing said": ("", "tf2"),
    "keras type": ('model { ssd { feature_extractor { type: "ssd_resnet50_v1_fpn_keras" } } }', "tf2"),
    "slim type": ('model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }', "tf1"),
    "slim type of the other architecture": (
        'model { faster_rcnn { feature_extractor { type: "faster_rcnn_nas" } } }',
        "tf1",
    ),
    "version counts more": (
        'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }'
        "train_config { fine_tune_checkpoint_version: V2 }",
        "tf2",
    ),
    "no type yet": ("model { ssd { feature_extractor { } } }", "tf2"),
    "center net": ('model { center_net { feature_extractor { type: "hourglass_104" } } }', "tf2"),
    "the last architecture counts": (
        'model { center_net {} ssd { feature_extractor { type: "x" } } }',
        "tf1",
    ),
}


@pytest.mark.parametrize(("text", "generation"), GENERATIONS.values(), ids=GENERATIONS)
def test_generation(text: str, generation: str) -> None:
    found, reason = detect_generation(read_config(parse(text)))
    assert found == generation
    assert reason


def test_target_overrides_the_generation() -> None:
    text = 'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }'
    assert codes(text) == []
    assert codes(text, "tf2") == ["CFG201"]
    assert codes(text.replace("v1", "v1_keras"), "tf1") == ["CFG203"]


SELECTIONS = {
    "nothing": ([], [], True, True),
    "a code": (["CFG105"], [], True, False),
    "a name": (["ignored-replica-setting"], [], True, False),
    "a prefix": (["CFG0"], [], False, True),
    "ignore a prefix": ([], ["CFG1"], False, True),
    "the longer wins": (["CFG1"], ["CFG10"], False, False),
    "a code out of an ignored prefix": (["CFG105"], ["CFG1"], True, False),
    "ignore wins a tie": (["CFG105"], ["CFG105"], False, False),
    "all but": (["ALL"], ["CFG105"], False, True),
}


@pytest.mark.parametrize(("select", "ignore", "dead", "unknown"), SELECTIONS.values(), ids=SELECTIONS)
def test_selection(select: list[str], ignore: list[str], dead: bool, unknown: bool) -> None:
    chosen = Settings(codes=selected_codes(load(), select, ignore))
    found = lint_document(parse("train_config { sync_replicas: true batch: 1 }"), None, chosen)
    assert [f.code for f in found] == ["CFG105"] * dead + ["CFG030"] * unknown


def test_unknown_selector_names_the_nearest() -> None:
    with pytest.raises(
        UserError, match="no rule 'dead-anchorwise-outputs'; did you mean 'dead-anchorwise-output'"
    ):
        selected_codes(load(), ["dead-anchorwise-outputs"], [])


SUPPRESSIONS = {
    "on the line": "train_config {\n  sync_replicas: true # cfgtool: ignore[CFG105]\n}",
    "above": "train_config {\n  # cfgtool: ignore[CFG105]\n  sync_replicas: true\n}",
    "above, by name": "train_config {\n#cfgtool:ignore[ignored-replica-setting]\n  sync_replicas: true\n}",
    "all rules": "train_config {\n  sync_replicas: true # cfgtool: ignore\n}",
    "several": "train_config {\n  sync_replicas: true summarize_gradients: true # cfgtool: ignore[CFG107 , CFG105]\n}",
    "comments between": "train_config {\n  # cfgtool: ignore[CFG105]\n  # why\n\n  sync_replicas: true\n}",
    "at the start of the line of a block": "# cfgtool: ignore\ntrain_config { sync_replicas: true }",
}


@pytest.mark.parametrize("text", SUPPRESSIONS.values(), ids=SUPPRESSIONS)
def test_suppressed(text: str) -> None:
    assert codes(text) == []


NOT_SUPPRESSED = {
    "another rule": "train_config {\n  sync_replicas: true # cfgtool: ignore[CFG101]\n}",
    "the line below a comment at a line's end": (
        "train_config {\n  batch_size: 1 # cfgtool: ignore\n  sync_replicas: true\n}"
    ),
    "two lines below": "train_config {\n  # cfgtool: ignore\n  batch_size: 1\n  sync_replicas: true\n}",
    "no rule at all": "train_config {\n  sync_replicas: true # cfgtool: ignore[]\n}",
    "in a string": 'train_config {\n  fine_tune_checkpoint_type: "# cfgtool: ignore"  sync_replicas: true\n}',
}


@pytest.mark.parametrize("text", NOT_SUPPRESSED.values(), ids=NOT_SUPPRESSED)
def test_not_suppressed(text: str) -> None:
    assert "CFG105" in codes(text)


def test_list_elements_are_judged_one_by_one() -> None:
    text = 'eval_config { metrics_set: ["coco_metrics", "coco_detection_metrics", "nonsense"] }'
    found = lint(text)
    assert [text[f.start : f.end] for f in found] == ['"coco_metrics"', '"nonsense"']
    assert [f.path for f in found] == ["eval_config.metrics_set[0]", "eval_config.metrics_set[2]"]


def test_a_message_is_underlined_by_its_name() -> None:
    text = "model {\n  ssd {\n    mask_head_config {\n      mask_height: 3\n    }\n  }\n}\n"
    (finding,) = lint(text)
    assert text[finding.start : finding.end] == "mask_head_config"
    assert finding.path == "model.ssd.mask_head_config"


def test_something_absent_is_reported_where_its_message_opens() -> None:
    text = "train_config {\n  optimizer {\n    use_moving_average: false\n  }\n}\n"
    assert [text[f.start : f.end] for f in lint(text) if f.code == "CFG601"] == ["optimizer"]


def test_merged_blocks_are_one_message() -> None:
    """Two blocks that are merged choose an optimizer together."""
    text = "train_config { optimizer { adam_optimizer {} } }\n"
    text += "train_config { optimizer { use_moving_average: true } }"
    assert "CFG601" not in codes(text)


def test_nothing_is_called_absent_while_a_brace_is_missing() -> None:
    assert "CFG601" not in codes("train_config {\n  optimizer {\n")


def test_checks_are_imported_when_triggered() -> None:
    """A config without a cosine schedule does not pay for the rule about cosine schedules."""
    program = """if True:
        import sys
        from cfgtool.lint.engine import lint_document
        from cfgtool.textproto import parse
        def imported(text, module="cosine_total_below_warmup"):
            lint_document(parse(text))
            return f"cfgtool.lint.checks.{module}" in sys.modules
        assert not imported("train_config { batch_size: 8 optimizer { adam_optimizer { } } }")
        text = "cosine_decay_learning_rate { }"
        for name in ("learning_rate", "adam_optimizer", "optimizer", "train_config"):
            text = name + " { " + text + " }"
        assert imported(text)
        buffer = "train_input_reader {{ shuffle_buffer_size: {} }}"
        assert not imported(buffer.format(9), "zero_shuffle_buffer"), "its condition does not hold"
        assert imported(buffer.format(0), "zero_shuffle_buffer")
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_report_says_what_it_was_judged_as() -> None:
    report = analyse(parse("model { center_net { } }"), "x.config")
    assert (report.generation, report.reason) == ("tf2", "center_net exists in TF2 only")
