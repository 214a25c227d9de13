"""Any boxes come out as they are, or are told; no source is so malformed that an import raises."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cfgtool.data import keys
from cfgtool.data.check_example import check_example
from cfgtool.data.importing.flaws import WAYS
from cfgtool.data.importing.objects import judge
from cfgtool.data.importing.options import ImportOptions
from cfgtool.data.importing.run import RefusedError, import_data
from cfgtool.data.importing.source import Annotation, ClassEntry, Entry, Thing
from cfgtool.errors import UserError

from . import trees

ENTRY = Entry(0, "a.png", "a.png", "1")
CLASSES: dict[int | str, ClassEntry] = {1: ClassEntry(1, "cat")}

_number = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(-50, 250).map(float),
    st.floats(-10, 210),
)


@settings(deadline=None, max_examples=300)
@given(box=st.tuples(_number, _number, _number, _number), fractions=st.booleans())
def test_a_box_is_kept_inside_the_picture_or_told(
    box: tuple[float, float, float, float], fractions: bool
) -> None:
    width, height = 200, 100
    unit = (1 / height, 1 / width) if fractions else (1.0, 1.0)
    scaled = tuple(value * unit[place % 2] for place, value in enumerate(box))
    thing = Thing(1, scaled, "the box")  # type: ignore[arg-type]
    kept, flaws, _ = judge(
        Annotation("a.json", [thing], fractions=fractions), ENTRY, (width, height), CLASSES
    )
    assert all(flaw.code in WAYS for flaw in flaws)
    assert kept or flaws
    for one in kept:
        ymin, xmin, ymax, xmax = one.box
        assert 0 <= ymin < ymax <= 1
        assert 0 <= xmin < xmax <= 1
        assert (ymax - ymin) * height > 0.98
        assert (xmax - xmin) * width > 0.98
    # A sound box is exact.
    ymin, xmin, ymax, xmax = box
    if 0 <= ymin <= ymax - 1 and ymax <= height and 0 <= xmin <= xmax - 1 and xmax <= width:
        assert not flaws
        assert kept[0].box == pytest.approx(
            (ymin / height, xmin / width, ymax / height, xmax / width), abs=1e-12
        )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    objects=st.lists(
        st.tuples(
            st.integers(0, 39), st.integers(0, 31), st.integers(1, 40), st.integers(1, 32), st.integers(0, 2)
        ),
        max_size=8,
        unique=True,
    )
)
def test_boxes_come_back(
    objects: list[tuple[int, int, int, int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("set")
    said = trees.coco_of(["p0"])
    said["annotations"] = []
    wanted = {}
    for number, (left, top, width, height, category) in enumerate(objects):
        width, height = min(width, 40 - left), min(height, 32 - top)
        wanted[(10 * (category + 1), left, top, width, height)] = number
        box = {"bbox": [left, top, width, height], "category_id": 10 * (category + 1)}
        said["annotations"].append({"id": number, "image_id": 100, **box})
    if len(wanted) < len(objects):
        return  # equal after they were cut
    source = trees.write_coco(folder / "source", said)
    import_data(ImportOptions("coco", str(source), str(folder / "out"), workers=1))
    features = trees.read_back(folder / "out")["p0"]
    assert list(check_example(features)) == []
    columns = [features.get(key, []) for key in (keys.LABEL, *keys.BOX)]
    found = [
        (label, round(xmin * 40), round(ymin * 32), round((xmax - xmin) * 40), round((ymax - ymin) * 32))
        for label, ymin, xmin, ymax, xmax in zip(*columns, strict=True)
    ]
    assert found == list(wanted)


WRITERS: list[tuple[str, Callable[[Path], Path]]] = [
    ("coco", trees.write_coco),
    ("voc", trees.write_voc),
    ("yolo", trees.write_yolo),
    ("csv", trees.write_csv),
    ("csv", trees.write_open_images),
]


def _mutated(data: bytes, draw: random.Random) -> bytes:
    """The bytes with a few of them changed, taken away, doubled, or a word exchanged."""
    changed = bytearray(data)
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(changed) + 1)
        kind = draw.randrange(5)
        if kind == 0 and changed:
            changed[at % len(changed)] = draw.randrange(256)
        elif kind == 1:
            del changed[at : at + draw.choice((1, 5, 200))]
        elif kind == 2:
            changed[at:at] = changed[at : at + draw.choice((1, 30))]
        elif kind == 3:
            changed[at:at] = draw.choice(
                (b"\0", b"-1", b"1e999", b"NaN", b"{", b'"', b"<x>", b"\xff", b"9" * 400, b"&")
            )
        else:
            del changed[at:]
    return bytes(changed)


@pytest.mark.parametrize("place", range(len(WRITERS)))
def test_malformed_sources(place: int, tmp_path: Path) -> None:
    kind, write = WRITERS[place]
    source = write(tmp_path / "source")
    files = sorted(path for path in (tmp_path / "source").rglob("*") if path.is_file())
    sound = {path: path.read_bytes() for path in files}
    ways = [
        {},
        {"repair": True},
        {"skip_bad": True},
        {"repair": True, "skip_bad": True, "masks": kind != "csv"},
    ]
    draw = random.Random(place)
    for number in range(120):
        chosen = draw.sample(files, draw.randint(1, 2))
        for path in chosen:
            path.write_bytes(_mutated(sound[path], draw))
        target = tmp_path / f"out{number}"
        if _imports(ImportOptions(kind, str(source), str(target), workers=1, **ways[number % 4])):
            json.loads((target / "import.json").read_text())
            _check_written(target)
        else:
            assert not target.exists()
        for path in chosen:
            path.write_bytes(sound[path])


def _imports(options: ImportOptions) -> bool:
    """Whether it is imported; where not, it says why."""
    try:
        import_data(options)
    except RefusedError as refused:
        return not list(refused.report.problem_lines())
    except UserError as error:
        return not str(error)
    return True


def _check_written(folder: Path) -> None:
    """What is written has no flaw of a box or a list."""
    for features in trees.read_back(folder).values():
        found: list[Any] = [code for code, severity, _ in check_example(features) if severity == "error"]
        assert found == []
