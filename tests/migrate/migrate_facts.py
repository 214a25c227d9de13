"""What a config says, as a bag of (path, value) leaves, read in three ways; and the balance of a migration.

A report is complete if the leaves before plus those that it adds are the leaves after plus those that it
removes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, MutableMapping, MutableSequence
from typing import Any

from cfgtool.migrate import Effect, Migration
from cfgtool.schema import Config, read_config
from cfgtool.textproto import Block, Document, Scalar, parse, string_value

Leaves = Counter[tuple[str, object]]


def tree_leaves(text: str) -> Leaves:
    """Leaves by name alone: fields that the schema does not know are there too."""
    document = parse(text)
    found: Leaves = Counter()
    _add_block(document, document.root, "", found)
    return found


def _add_block(document: Document, block: Block, prefix: str, found: Leaves) -> None:
    for field in block.fields:
        value = field.value
        for node in getattr(value, "items", [value]):
            if isinstance(node, Block):
                _add_block(document, node, prefix + field.name + ".", found)
            else:
                assert isinstance(node, Scalar)
                text = document.text[node.start : node.end]
                found[
                    prefix + field.name, string_value(document, node) if node.kind == "string" else text
                ] += 1


def config_leaves(text: str) -> Leaves:
    """Leaves of the typed config."""
    return Counter(
        (_plain(entry.path), entry.value)
        for _, entry in read_config(parse(text)).walk()
        if not isinstance(entry.value, Config)
    )


def protobuf_leaves(text: str) -> Leaves:
    """Leaves of the message that protobuf's own parser reads."""
    from google.protobuf import text_format

    from cfgtool.schema.descriptors import message_class

    message = message_class()()
    text_format.Parse(text.removeprefix("\ufeff"), message)
    found: Leaves = Counter()
    _add_message(message, "", found)
    return found


def _add_message(message: Any, prefix: str, found: Leaves) -> None:
    for field, value in message.ListFields():
        if isinstance(value, MutableMapping):
            found.update((f"{prefix}{field.name}", item) for item in value.items())
            continue
        values = value if isinstance(value, MutableSequence) else [value]
        for element in values:
            if field.message_type is not None:
                _add_message(element, f"{prefix}{field.name}.", found)
            else:
                found[prefix + field.name, element] += 1


def _plain(path: str) -> str:
    return ".".join(name.partition("[")[0] for name in path.split("."))


def effects(migration: Migration) -> list[Effect]:
    return [effect for entry in migration.done for effect in entry.effects]


def assert_balanced(migration: Migration, leaves: Callable[[str], Leaves]) -> None:
    """The report says all that changed, and nothing else changed."""
    gone: Leaves = Counter()
    come: Leaves = Counter()
    for effect in effects(migration):
        names = _plain(effect.path).split(".")
        for value, bag in ((effect.old, gone), (effect.new, come)):
            if value is not None:
                bag += leaves(
                    " { ".join([*names[:-1], f"{names[-1]}: {value}"]) + "\n" + " }" * (len(names) - 1)
                )
    assert leaves(migration.before) + come == leaves(migration.after) + gone


def comments(text: str) -> Counter[str]:
    return Counter(comment.text for comment in parse(text).comments)
