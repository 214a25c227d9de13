"""Decoded pictures kept in memory: most of the work of the input is decoding the same pictures in every epoch."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow import Tensor

Picture = NDArray[np.uint8]

_SHARE = 0.25
_MOST = 8 * 2**30
_UNKNOWN = 2**30
_BUCKETS = 2**63 - 1
_NOTHING: Picture = np.zeros([0, 0, 0], np.uint8)


def default_budget() -> int:
    """Bytes that pictures may take: a quarter of the memory that is free now, 8 GiB at most."""
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return _UNKNOWN
    return min(int(free * _SHARE), _MOST)


def picture_cache(mebibytes: int | None) -> PictureCache | None:
    """The cache of a run: of that size, of the default size for None, none for 0."""
    if mebibytes == 0:
        return None
    return PictureCache(default_budget() if mebibytes is None else mebibytes * 2**20)


class PictureCache:
    """Pictures by a 63 bit hash of their encoded bytes, first come, first kept, up to a number of bytes.

    A picture of the cache equals the decoded one, so what a batch holds does not depend on it. Belongs to one process.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self._pictures: dict[int, Picture] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pictures)

    def decoded(self, encoded: Tensor, decode: Callable[[Tensor], Tensor]) -> Tensor:
        """The picture [height, width, channels] that `decode` makes of a scalar string, decoded once if it fits."""
        key = tf.strings.to_hash_bucket_fast(encoded, _BUCKETS)
        picture = tf.numpy_function(self._find, [key], tf.uint8)

        def fresh() -> Tensor:
            return tf.numpy_function(self._keep, [key, decode(encoded)], tf.uint8)

        return tf.cond(tf.size(picture) > 0, lambda: picture, fresh)

    def _find(self, key: np.int64) -> Picture:
        """The picture, an empty one where it is not known."""
        return self._pictures.get(int(key), _NOTHING)

    def _keep(self, key: np.int64, picture: Picture) -> Picture:
        with self._lock:
            if int(key) not in self._pictures and self.used + picture.nbytes <= self.budget:
                self._pictures[int(key)] = picture.copy()
                self.used += picture.nbytes
        return picture
