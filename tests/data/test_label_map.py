"""Label maps: what they name, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfgtool.data.label_map import check_label_map, parse_label_map, read_label_map
from cfgtool.errors import UserError

CATS = """\
item {
  id: 2
  name: 'cat'
  display_name: 'Cat'
}
item {
  id: 1
  name: 'dog'
}
"""


def test_items() -> None:
    label_map, problems = parse_label_map(CATS)
    assert problems == []
    assert [(item.id, item.name, item.display_name) for item in label_map.items] == [
        (2, "cat", "Cat"),
        (1, "dog", ""),
    ]
    assert label_map.max_id == 2
    assert label_map.ids == {1, 2}
    assert label_map.titles() == {2: "Cat", 1: "dog"}


def test_names_come_before_display_names() -> None:
    text = "item { id: 1 name: 'a' display_name: 'b' } item { id: 2 name: 'b' display_name: 'c' }"
    assert parse_label_map(text)[0].lookup() == {"a": 1, "b": 2, "c": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("item { id: 0 name: 'a' }", (1, 12, "error", "label-map-id")),
        ("item {\n  id: -3\n  name: 'a' }", (2, 7, "error", "label-map-id")),
        ("item { name: 'a' }", (1, 6, "error", "label-map-missing-id")),
        ("item { id: 1 }", (1, 6, "warning", "label-map-missing-name")),
        ("item { id: 1 name: 'a ' }", (1, 20, "warning", "label-map-blank-in-name")),
        ("item { id: 1 name: 'background' }", (1, 6, "warning", "label-map-background")),
        ("item { id: 1 name: 'a' }\nitem { id: 1 name: 'b' }", (2, 12, "warning", "label-map-duplicate-id")),
        ("item { id: 1 name: 'a' }\nitem { id: 2 name: 'a' }", (2, 20, "error", "label-map-duplicate-name")),
        ("", (1, 1, "error", "label-map-empty")),
        ("item { id: 1 name: 'a' ", (1, 1, "error", "unclosed-block")),
        ("item { id: 1 nome: 'a' name: 'a' }", (1, 14, "error", "unknown-field")),
        ("item { id: 'one' name: 'a' }", (1, 12, "error", "wrong-type")),
    ],
)
def test_mistakes(text: str, expected: tuple[int, int, str, str]) -> None:
    problems = parse_label_map(text, "map.pbtxt")[1]
    places = [(problem.line, problem.column, problem.severity, problem.code) for problem in problems]
    assert expected in places


@pytest.mark.parametrize("text", ["item { id: 0 name: 'background' } item { id: 1 name: 'a' }", CATS])
def test_fine_maps(text: str) -> None:
    assert parse_label_map(text)[1] == []


@pytest.mark.parametrize(("text", "what"), [("node { }", "graph"), ("model { }", "pipeline config")])
def test_other_protos_are_named(text: str, what: str) -> None:
    assert any(what in problem.message for problem in parse_label_map(text)[1])


def test_read_raises_at_the_place(tmp_path: Path) -> None:
    path = tmp_path / "map.pbtxt"
    path.write_text(CATS + "item {\n  id: 0\n  name: 'bird'\n}\n")
    with pytest.raises(UserError, match="id '0' is not allowed") as caught:
        read_label_map(str(path))
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(path), 11, 7)


def test_warnings_do_not_stop_reading(tmp_path: Path) -> None:
    path = tmp_path / "map.pbtxt"
    path.write_text("item { id: 1 name: 'a' } item { id: 1 name: 'b' }")
    assert len(check_label_map(str(path))) == 1
    assert read_label_map(str(path)).lookup() == {"a": 1, "b": 1}


def test_a_record_is_not_a_label_map(tmp_path: Path) -> None:
    path = tmp_path / "data.record"
    path.write_bytes(b"\x05" + bytes(15))
    with pytest.raises(UserError, match="binary"):
        read_label_map(str(path))


@pytest.mark.reference
def test_published_maps_are_fine(shared: Path) -> None:
    paths = sorted((shared / "corpus/label_maps").glob("*.pbtxt"))
    assert len(paths) > 10
    for path in paths:
        assert check_label_map(str(path)) == [], path
