"""What is left of the tree when braces do not pair up, and where the problems are put."""

from __future__ import annotations

import pytest
from textproto_checks import check, names
from textproto_damage import damage, survival

from cfgtool.textproto import parse
from cfgtool.textproto.edits import apply_edits

CONFIG = """\
model {
  ssd {
    num_classes: 90
    image_resizer {
      fixed_shape_resizer {
        height: 300
        width: 300
      }
    }
    box_coder { faster_rcnn_box_coder { y_scale: 10.0 } }
  }
}
train_config {
  batch_size: 24
  optimizer {
    momentum_optimizer {
      value: 0.9
    }
  }
}
"""
TREE = names(parse(CONFIG))


def positions(text: str) -> list[tuple[str, int]]:
    document = parse(text)
    return [(problem.code, document.position(problem.start)[0]) for problem in document.problems]


# What is replaced in CONFIG, by what, and the problems with their lines: the tree must stay as it was.
CASES = {
    "missing } of an inner block": ("      }\n    }\n", "    }\n", [("unclosed-block", 5)]),
    "missing } of an outer block": ("  }\n}\ntrain", "  }\ntrain", [("unclosed-block", 1)]),
    "missing } at the end": ("    }\n  }\n}\n", "    }\n  }\n", [("unclosed-block", 13)]),
    "two missing }": ("      }\n    }\n    box", "    box", [("unclosed-block", 4), ("unclosed-block", 5)]),
    "missing } at both ends": ("  }\n}\n", "  }\n", [("unclosed-block", 1), ("unclosed-block", 12)]),
    "missing } in one line": ("10.0 } }", "10.0 }", [("unclosed-block", 10)]),
    "extra } at the end": ("  }\n}\ntrain", "  }\n}\n}\ntrain", [("extra-closing-brace", 12)]),
    "extra } in the middle": ("    box", "    }\n    box", [("extra-closing-brace", 9)]),
    "extra } after a value": ("90\n", "90 }\n", [("extra-closing-brace", 3)]),
    "extra } after an opening line": ("ssd {\n", "ssd {\n  }\n", [("extra-closing-brace", 3)]),
    "extra } in the opening line": ("ssd {\n", "ssd { }\n", [("extra-closing-brace", 2)]),
    "missing {": ("image_resizer {", "image_resizer", [("missing-opening-brace", 4)]),
    "missing { after a colon": ("image_resizer {", "image_resizer:", [("missing-opening-brace", 4)]),
    "missing { in one line": ("box_coder { faster", "box_coder faster", [("missing-opening-brace", 10)]),
    "extra } and missing }": (
        CONFIG[CONFIG.index("train") :].removesuffix("  }\n}\n"),
        "}\n" + CONFIG[CONFIG.index("train") :].removesuffix("    }\n  }\n}\n"),
        [("extra-closing-brace", 12), ("unclosed-block", 17)],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_indentation_tells(old: str, new: str, expected: list[tuple[str, int]], line_end: str) -> None:
    assert old in CONFIG
    text = CONFIG.replace(old, new).replace("\n", line_end)
    assert names(check(text)) == TREE
    assert sorted(positions(text)) == sorted(expected)


@pytest.mark.parametrize(("old", "new", "expected"), CASES.values(), ids=CASES.keys())
def test_fixes_pair_the_braces(old: str, new: str, expected: list[tuple[str, int]]) -> None:
    text = CONFIG.replace(old, new)
    while problems := parse(text).problems:
        assert problems[-1].fix is not None
        text = apply_edits(text, problems[-1].fix[1])
    assert names(parse(text)) == TREE


def test_unclosed_block_names_both_lines() -> None:
    (problem,) = parse(CONFIG.replace("      }\n    }\n", "    }\n")).problems
    assert problem.message == (
        "'fixed_shape_resizer', opened on line 5, has no closing '}'; "
        "it was probably meant to close before line 8"
    )


def test_balanced_file_is_read_by_its_braces() -> None:
    text = "a {\nb: 1\n    c {\n  d: 1\n}\ne: 1\n}\nf: 1\n"
    document = check(text)
    assert document.problems == []
    assert names(document) == [("a", [("b", "1"), ("c", [("d", "1")]), ("e", "1")]), ("f", "1")]


def test_wrong_indentation_elsewhere_is_not_believed() -> None:
    text = CONFIG.replace("        height: 300\n", "height: 300\n").replace("    }\n  }\n}\n", "    }\n  }\n")
    assert names(check(text)) == TREE
    assert positions(text) == [("unclosed-block", 13)]


def test_file_without_indentation_is_read_by_its_braces() -> None:
    text = "\n".join(line.strip() for line in CONFIG.split("\n"))
    document = check(text.replace("}\ntrain", "train"))
    assert document.problems[0].code == "unclosed-block"
    assert document.problems[0].fix is None
    assert [field.name for _, field in document.walk()] == [field.name for _, field in parse(CONFIG).walk()]


def test_block_in_a_list_without_its_end() -> None:
    text = "a {\n  b: [\n    {\n      c: 1\n    },\n    {\n      d: 1\n  ]\n}\ne {\n  f: 1\n}\n"
    document = check(text)
    assert {problem.code for problem in document.problems} >= {"unclosed-block"}
    assert ("e", [("f", "1")]) in names(document)


@pytest.mark.parametrize(
    ("kind", "bar"),
    [
        ("unclosed quote", 0.99),
        ("half-typed", 0.98),
        ("truncated", 0.99),
        ("dropped }", 0.97),
        ("dropped } line", 0.97),
        ("extra }", 0.97),
        ("extra } line", 0.97),
        ("dropped {", 0.97),
        ("missing value", 0.99),
        ("no colon", 0.99),
        ("= for :", 0.99),
        ("unclosed list", 0.99),
    ],
)
@pytest.mark.reference
def test_share_of_fields_that_survive(corpus: dict[str, str], kind: str, bar: float) -> None:
    shares = []
    for number, text in enumerate(corpus.values()):
        if (found := damage(kind, text, number)) is not None:
            damaged, start, end = found
            limit = len(damaged) if kind == "truncated" else None
            shares.append(survival(text, damaged, start, end, limit))
    assert len(shares) > 50
    assert sum(shares) / len(shares) >= bar
