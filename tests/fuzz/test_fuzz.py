"""A bounded run of the fuzzer; `python -m tools.fuzzing --inputs 1000000` is the long one."""

from __future__ import annotations

import pytest

from tools.fuzzing.inputs import make, seeds
from tools.fuzzing.properties import PROPERTIES, TEXT_PROPERTIES

FEW, MANY = 400, 6_000


def failing(name: str, numbers: range) -> list[str]:
    """What went wrong, with the number that makes the input again."""
    failures = []
    for number in numbers:
        make_one, check = PROPERTIES[name]
        subject = make_one(number)
        try:
            check(subject)
        except Exception as error:
            failures.append(f"input {number}: {error!r}\n{subject}")
    return failures


@pytest.mark.parametrize("name", PROPERTIES)
def test_the_properties_hold(name: str) -> None:
    assert failing(name, range(FEW)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", PROPERTIES)
def test_the_properties_hold_for_many_inputs(name: str) -> None:
    assert failing(name, range(FEW, MANY)) == []


@pytest.mark.parametrize("text", seeds(), ids=range(len(seeds())))
def test_the_properties_hold_for_the_seeds(text: str) -> None:
    for check in TEXT_PROPERTIES.values():
        check(text)


def test_an_input_can_be_repeated() -> None:
    assert [make(number) for number in range(50)] == [make(number) for number in range(50)]
    assert len({make(number) for number in range(50)}) > 40
