"""One line about each message, field, oneof, enum and enum value: the comments of `protos/`."""

from __future__ import annotations

from functools import cache

from cfgtool.schema.model import read_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def load_docs() -> Mapping[str, str]:
    """Full name without the package (`TrainConfig.batch_size`) -> comment; read when first asked for."""
    content: dict[str, str] = read_data("docs.json")
    return content


def doc(message: str, field: str | None = None) -> str:
    """The comment of a message, or of a field, oneof or nested enum of it; "" if there is none."""
    return load_docs().get(f"{message}.{field}" if field else message, "")
