"""Random configs made from the schema, and damaged texts, against protobuf's own reading."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema_oracle import check, is_map

from cfgtool.schema.descriptors import message_class

HERE = Path(__file__).parent
TOKEN = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|[\w.+-]+|\s+|.", re.DOTALL)
JUNK = (
    '"x"',
    "7",
    "-1",
    "0.5",
    "1e60",
    "TRUE",
    "true",
    "2",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "#",
    "batch_size",
    "x y",
)

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "float": st.floats(width=32),
    "bool": st.booleans(),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
}


def fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    """Set up to four random fields of the message, and of the messages in it."""
    fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    for field in draw(st.lists(st.sampled_from(fields), max_size=4)):
        value = getattr(message, field.name)
        if is_map(field):
            fill_map(draw, value, field, depth)
        elif field.message_type:
            if depth:
                child = value.add() if hasattr(value, "add") else value
                child.SetInParent()
                fill(draw, child, depth - 1)
        elif hasattr(value, "extend"):
            value.extend(draw(st.lists(scalar(field), min_size=1, max_size=3)))
        else:
            setattr(message, field.name, draw(scalar(field)))


def fill_map(draw: st.DrawFn, values: Any, field: Any, depth: int) -> None:
    key_field, value_field = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    key = draw(scalar(key_field))
    if value_field.message_type:
        fill(draw, values[key], depth - 1 if depth else 0)
    else:
        values[key] = draw(scalar(value_field))


def scalar(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type:
        return st.sampled_from([value.number for value in field.enum_type.values])
    return SCALARS[{5: "int32", 13: "uint32", 2: "float", 8: "bool", 9: "string"}[field.type]]


@st.composite
def configs(draw: st.DrawFn, root: str) -> Message:
    message = message_class(root)()
    fill(draw, message, 6)
    return message


@pytest.mark.parametrize(
    "root", ["TrainEvalPipelineConfig", "StringIntLabelMap", "CenterNet", "PreprocessingStep"]
)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_configs_are_read_as_they_were_written(root: str, data: st.DataObject) -> None:
    message = data.draw(configs(root))
    one_line = data.draw(st.booleans())
    check(
        text_format.MessageToString(message, as_one_line=one_line, use_short_repeated_primitives=one_line),
        root,
    )


def damaged(text: str, chance: random.Random) -> str:
    """The text with a few tokens deleted, doubled, swapped, replaced or moved."""
    tokens = TOKEN.findall(text)
    for _ in range(chance.randint(1, 3)):
        place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        kind = chance.randrange(5)
        if kind == 0:
            del tokens[place]
        elif kind == 1:
            tokens.insert(place, tokens[place] + " ")
        elif kind == 2:
            tokens[place], tokens[other] = tokens[other], tokens[place]
        elif kind == 3:
            tokens[place] = chance.choice(JUNK)
        else:
            tokens.insert(other, f" {tokens.pop(place)} ")
    return "".join(tokens)


GOOD = sorted((HERE / "ok").iterdir())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
@pytest.mark.parametrize("seed", range(6))
def test_damaged_configs_are_refused_when_protobuf_refuses_them(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    text = path.read_text()
    root = "TrainEvalPipelineConfig" if path.suffix == ".config" else path.stem
    for _ in range(50):
        check(damaged(text, chance), root)
