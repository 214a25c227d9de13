"""Applying fixes: together where they do not touch, never to a worse text, nothing else changed."""

from __future__ import annotations

import pytest
from lint_cases import lint

from cfgtool.files import decode_text, encode_text
from cfgtool.lint.engine import Settings
from cfgtool.lint.findings import Finding, Fix
from cfgtool.lint.fixing import _compatible, fix_text
from cfgtool.textproto import Edit


def fixed(text: str, unsafe: bool = False, **settings: object) -> str:
    return fix_text(text, None, Settings(**settings), unsafe).text  # type: ignore[arg-type]


def test_unsafe_fixes_need_to_be_asked_for() -> None:
    text = "train_config { load_all_detection_checkpoint_vars: true batch_size: 1 }"
    assert fixed(text) == text
    assert fixed(text, unsafe=True) == "train_config { batch_size: 1 }"


def test_only_selected_rules_are_fixed() -> None:
    text = "train_config { sync_replicas: true summarize_gradients: true }"
    assert fixed(text, codes=frozenset({"CFG107"})) == "train_config { sync_replicas: true }"


def test_a_suppressed_finding_is_not_fixed() -> None:
    text = "train_config {\n  sync_replicas: true  # cfgtool: ignore\n}\n"
    assert fixed(text, unsafe=True) == text


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbftrain_config {\r\n  sync_replicas: true\r\n  batch_size: 8\r\n}",
        b"train_config {\n  sync_replicas: true\r\n  batch_size: 8\n}\n\n\n",
        b"# caf\xe9\ntrain_config {\n  sync_replicas: true\n  batch_size: 8\n}\n",
        b"train_config {\n\tsync_replicas: true;\n\tbatch_size: 8,\n}",
    ],
    ids=["BOM and CRLF", "mixed line ends", "not UTF-8", "tabs and separators"],
)
def test_the_rest_of_the_file_stays_byte_for_byte(data: bytes) -> None:
    after = encode_text(fixed(decode_text(data), codes=frozenset({"CFG105"})))
    lines = [line for line in data.splitlines(keepends=True) if b"sync_replicas" not in line]
    assert after == b"".join(lines)


def test_a_fix_that_would_empty_the_file_is_left_out() -> None:
    """Deleting the only section makes an empty file, which is an error."""
    text = "graph_rewriter { }"
    assert fixed(text, unsafe=True) == text


def test_the_generation_stays_while_fixing() -> None:
    """Replacing a TF1 type by its TF2 twin must not bring TF2's other fixes in by itself."""
    model = 'model { ssd { feature_extractor { type: "ssd_mobilenet_v1" } } }'
    text = "train_config { sync_replicas: true } " + model
    assert fixed(text, unsafe=True) == text
    assert "ssd_mobilenet_v1_keras" in fixed(text, unsafe=True, target="tf2")


def test_overlapping_fixes_wait_for_the_next_round() -> None:
    def finding(*edits: Edit) -> Finding:
        return Finding("CFG1", "x", "x", "info", "x", "", 0, 0, Fix("x", "safe", edits))

    first, inside, behind = finding(Edit(0, 10, "")), finding(Edit(3, 4, "")), finding(Edit(10, 12, ""))
    assert _compatible([first, inside, behind]) == [first, behind]
    same_place = [finding(Edit(5, 5, "a")), finding(Edit(5, 5, "b"))]
    assert _compatible(same_place) == same_place[:1]


def test_fixes_inside_a_deleted_block_do_no_harm() -> None:
    text = "model { ssd { num_classes: 1 mask_head_config { conv_hyperparams { op: CONV } } } }"
    assert fixed(text) == "model { ssd { num_classes: 1 } }"


def test_a_comment_makes_a_deletion_unsafe() -> None:
    inside = "model { ssd { num_classes: 1\n mask_head_config {\n # why\n } } }"
    (finding,) = lint(inside)
    assert finding.fix is not None
    assert finding.fix.applicability == "unsafe"


def test_rounds_end() -> None:
    outcome = fix_text("train_config { sync_replicas: true }" * 30, None, Settings())
    assert outcome.applied == 30
    assert fix_text(outcome.text, None, Settings()).applied == 0
