"""Making the tensors of an object-based checkpoint out of values under object paths.

What makes a checkpoint object-based is its graph (tensorflow/core/protobuf/trackable_object_graph.proto, whose field
numbers are named below): every object with the names of its children, and for a variable the key of its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cfgtool.checkpoints.encode import bytes_field, number_field, text_field
from cfgtool.checkpoints.graph import local_name
from cfgtool.checkpoints.names import OBJECT_GRAPH, SAVE_COUNTER, VALUE_SUFFIX
from cfgtool.checkpoints.strings import join_strings
from cfgtool.checkpoints.writer import Tensor


def object_based(tensors: Iterable[tuple[Tensor, str]], *, save_counter: int = 1) -> list[Tensor]:
    """The tensors of the checkpoint that `tf.train.Checkpoint.save` would write for variables at these paths.

    Each tensor is called by its object path ("model/.../kernel", where ".S" stands for a slash inside a name and ".."
    for a dot) and comes with the full name of its variable, the one that Keras shows. Added are the graph and
    `save_counter`, the number of the checkpoint, from which the next one counts on.
    """
    counter = Tensor(SAVE_COUNTER, "int64", (), lambda: save_counter.to_bytes(8, "little"))
    variables = [*tensors, (counter, SAVE_COUNTER)]
    graph = join_strings([object_graph([(tensor.name, name) for tensor, name in variables])])
    keyed = [tensor._replace(name=f"{tensor.name}{VALUE_SUFFIX}") for tensor, _ in variables]
    return [*keyed, Tensor(OBJECT_GRAPH, "string", (), lambda: graph)]


def object_graph(variables: Sequence[tuple[str, str]]) -> bytes:
    """The `TrackableObjectGraph` of variables, given as object path and full name.

    Raises ValueError if one path is given twice.
    """
    children: list[dict[str, int]] = [{}]
    values: dict[int, tuple[str, str]] = {}
    for path, full_name in variables:
        node = 0
        for part in path.split("/"):
            if part not in children[node]:
                children[node][part] = len(children)
                children.append({})
            node = children[node][part]
        if node in values:
            raise ValueError(f"two variables at {path!r}")
        values[node] = path, full_name
    return b"".join(
        bytes_field(1, _object(below, values.get(number))) for number, below in enumerate(children)
    )


def _object(children: dict[str, int], value: tuple[str, str] | None) -> bytes:
    """A `TrackableObject`: references to its children, and the value of a variable."""
    message = b""
    for part, node in children.items():
        message += bytes_field(1, number_field(1, node) + text_field(2, local_name(part)))  # children
    if value is not None:
        path, full_name = value
        attribute = text_field(1, "VARIABLE_VALUE") + text_field(2, full_name)
        message += bytes_field(2, attribute + text_field(3, f"{path}{VALUE_SUFFIX}"))  # attributes
    return message + bytes_field(5, number_field(1, 1))  # has_checkpoint_values
