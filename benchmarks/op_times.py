"""Where the time of a step goes, by the operations of TensorFlow's own profile."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

KERNELS = re.compile(r"Conv2D|Depthwise|BatchNorm|Relu|Sigmoid|Silu|Swish|MatMul|BiasAdd|HardSwish|Elu")
"""Convolutions (their matrix products included), normalisation and activations."""
_NAMED = re.compile(r"^[^:]+:(\w+)$")


def op_times(step: Callable[[], Any], steps: int = 5) -> Counter[str]:
    """Milliseconds of a step in each type of operation, over all threads, without the operations called within."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(steps):
            step()
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    times: Counter[str] = Counter()
    for plane in space.planes:
        if plane.name == "/host:CPU":
            for line in plane.lines:
                times.update(_self_times(line.events, plane.event_metadata))
    return Counter({name: picoseconds / steps / 1e9 for name, picoseconds in times.items()})


def rest_share(times: Counter[str]) -> float:
    """The share of operation time that is none of `KERNELS`."""
    total = sum(times.values())
    return sum(value for name, value in times.items() if not KERNELS.search(name)) / total


def _self_times(events: Iterable[Any], names: Any) -> Counter[str]:
    """Picoseconds by type of operation on one thread; what is nested counts for the inner one only."""
    times: Counter[str] = Counter()
    open_: list[tuple[int, str]] = []
    for event in sorted(events, key=lambda event: (event.offset_ps, -event.duration_ps)):
        match = _NAMED.match(names[event.metadata_id].name)
        if match is None:
            continue
        while open_ and open_[-1][0] <= event.offset_ps:
            open_.pop()
        if open_:
            times[open_[-1][1]] -= event.duration_ps
        times[match[1]] += event.duration_ps
        open_.append((event.offset_ps + event.duration_ps, match[1]))
    return times
