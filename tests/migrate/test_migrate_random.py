"""Random configs made from the schema of today and what it has lost, with the fields of the cases put in often."""

from __future__ import annotations

from functools import cache

from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from migrate_facts import assert_balanced, comments, tree_leaves
from test_migrate_cases import CASES, FOLDER

from cfgtool.migrate import Draft, Plan, migrate
from cfgtool.schema import MessageType, load, read_config
from cfgtool.schema.descriptors import message_class
from cfgtool.schema.model import read_data
from cfgtool.textproto import Scalar, parse

DEPTH = 7
ANY = {
    "bool": ("true", "false", "1", "f"),
    "float": ("0", "0.5", "1e2", "-1", "inf", "2.50f", "600.0"),
    "int32": ("0", "1", "8", "0x10", "-3", "300"),
    "uint32": ("0", "1", "64", "2000"),
    "string": ('""', "'a'", '"model.ckpt"', '"a/ckpt-0.index"', '"b" "c"', '"\\303\\244"'),
    # Of fields that are gone only the name is known; a message may be among them.
    "": ("true", "false", "1", "2.5", "{ }", "{ min_depth: 1 # kept\n }", "[1.0, 2.0]"),
}


@cache
def seen() -> dict[tuple[str, str], list[str]]:
    """(message, field) -> the values that the cases give it: what the steps look for."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in CASES:
        document = parse((FOLDER / name / "before.config").read_text())
        draft = Draft(document, read_config(document), Plan("tf1", "same"))
        for place in draft.places:
            values = found.setdefault((place.owner, place.name), [])
            if isinstance(place.node, Scalar):
                values.append(draft.text(place))
    return found


@cache
def names(owner: str) -> tuple[list[str], list[str]]:
    """Names of the fields of a message that the cases use, and of all that it has or had."""
    gone = [name.rpartition(".") for name in read_data("history.json")["removed"]]
    known = [*load().messages[owner].fields, *(field for message, _, field in gone if message == owner)]
    return [name for name in known if (owner, name) in seen()], known


@st.composite
def blocks(draw: st.DrawFn, type_: MessageType, depth: int) -> str:
    """The fields of a message, one a line or all on one, with comments here and there."""
    used, known = names(type_.name)
    if not known:
        return ""
    choice = st.sampled_from(used * 3 + known) if used else st.sampled_from(known)
    chosen = draw(st.lists(choice, min_size=1 if depth > DEPTH - 3 else 0, max_size=5))
    between = draw(st.sampled_from(["\n", "\n  ", " ", " # a, b }\n", "\n\n  # above\n  ", ";\n", ", "]))
    fields = [draw(written(type_, name, depth)) for name in chosen]
    return between.join(fields) + ("\n" if "#" in between else "")


@st.composite
def written(draw: st.DrawFn, type_: MessageType, name: str, depth: int) -> str:
    field = type_.fields.get(name)
    if field is not None and field.kind == "message":
        inner = draw(blocks(load().messages[field.type], depth - 1)) if depth else ""
        opening, closing = draw(st.sampled_from([(" {\n", "\n}"), (" { ", " }"), (": <", ">")]))
        return name + opening + inner + closing
    values = list(seen().get((type_.name, name), ()))
    if field is not None and field.enum_values:
        values += field.enum_values
    else:
        values += ANY[field.kind if field else ""]
    value = draw(st.sampled_from(values))
    return f"{name} {value}" if value[0] == "{" else f"{name}: {value}"


def accepted(text: str) -> bool:
    """Whether the OD API, which merges, would read the text."""
    try:
        text_format.Merge(text, message_class()())
    except text_format.ParseError:
        return False
    return True


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    text=blocks(load().root, DEPTH),
    target=st.sampled_from(["same", "tf2"]),
    unsafe=st.booleans(),
    written=st.sampled_from([None, None, "2017-06", "2018-02-20", "2020-06"]),
    line_end=st.sampled_from(["\n", "\n", "\r\n"]),
)
def test_any_config_is_rewritten_as_told_and_settles(
    text: str, target: str, unsafe: bool, written: str | None, line_end: str
) -> None:
    text = text.replace("\n", line_end)
    result = migrate(text, target=target, unsafe=unsafe, written=written)
    assert comments(result.after) == comments(text)
    assert_balanced(result, tree_leaves)
    assert accepted(result.after) >= accepted(text)
    mistakes = [len(read_config(parse(each)).problems) for each in (result.after, text)]
    assert mistakes[0] <= mistakes[1]
    again = migrate(result.after, target=target, unsafe=unsafe, written=written)
    assert again.done == ()
    assert again.after == result.after
