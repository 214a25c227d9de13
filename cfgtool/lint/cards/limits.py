"""Which values of a field pass, as far as declarative rules say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfgtool.lint.cards.card import ExtractorType, Limit
from cfgtool.lint.cards.spelling import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from cfgtool.lint.rules import Catalogue
    from cfgtool.schema import FieldType


def limits_of(message: str, field: FieldType, catalogue: Catalogue) -> tuple[Limit, ...]:
    """What the rules of severity error say of the values of the field, in order of their codes.

    Types of feature extractors have none: `extractors_of` lists them.
    """
    name = f"{message}.{field.name}"
    return () if is_extractor(name) else tuple(_limits(name, field, catalogue))


def _limits(name: str, field: FieldType, catalogue: Catalogue) -> Iterator[Limit]:
    for code, record in sorted(catalogue.records.items()):
        if record["severity"] != "error" or name not in record["on"]:
            continue
        generations = record["generations"]
        generation = generations[0].upper() if len(generations) == 1 else None
        for text in _conditions(name, field, record.get("when", {})):
            yield Limit(text, code, generation)


def _conditions(name: str, field: FieldType, when: dict[str, Any]) -> Iterator[str]:
    """The opposite of the condition under which a rule reports; of several at once there is no short one."""
    if len(when) != 1:
        return
    if "allowed" in when:
        allowed = when["allowed"]
        yield f"one of {_list(field, allowed[name] if isinstance(allowed, dict) else allowed)}"
    if "equals" in when:
        yield f"not {_list(field, when['equals'])}"
    if "below" in when:
        yield f"at least {when['below']:g}"
    if "above" in when:
        yield f"at most {when['above']:g}"
    if "outside" in when:
        low, high = when["outside"]
        yield f"from {low:g} to {high:g}"


def _list(field: FieldType, values: Iterable[Any]) -> str:
    return ", ".join(literal(field, value) for value in values)


def is_extractor(name: str) -> bool:
    """Whether the field "Message.field" names a feature extractor."""
    return name.endswith("FeatureExtractor.type")


def extractors_of(message: str, field: FieldType, catalogue: Catalogue) -> tuple[ExtractorType, ...]:
    """The types that the OD API registers for this field, those of TF2 first; empty for other fields."""
    name = f"{message}.{field.name}"
    if not is_extractor(name):
        return ()
    from cfgtool.networks.extractors import described_extractors, known_extractors

    generations, trained = known_extractors(), described_extractors("ssd")
    allowed = [
        record["when"]["allowed"][name]
        for record in catalogue.records.values()
        if isinstance(record.get("when", {}).get("allowed"), dict) and name in record["when"]["allowed"]
    ]
    types = dict.fromkeys(type_ for each in allowed for type_ in each if type_ in generations)
    return tuple(
        ExtractorType(type_, generation, type_ in trained)
        for generation in ("tf2", "tf1")
        for type_ in types
        if generations[type_] == generation
    )
