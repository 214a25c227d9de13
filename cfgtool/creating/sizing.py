"""How large the input of the network is, and how many images make a batch."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from cfgtool.creating.options import Choice
from cfgtool.creating.pieces import padding, stretching
from cfgtool.creating.recipes import RECIPES
from cfgtool.errors import UserError
from cfgtool.networks.accounting import training_memory

if TYPE_CHECKING:
    from cfgtool.creating.blocks import Block
    from cfgtool.creating.found import Found
    from cfgtool.creating.options import Options
    from cfgtool.creating.recipes import Recipe
    from cfgtool.networks import NetworkDescription

LONG_SHAPE = 1.8
"""Images that are so much longer than wide, or the other way round, are padded rather than squeezed into a square."""
SMALL_BOX = 32
"""Boxes with shorter sides than this are small ones (COCO)."""
LARGEST_EDGE = 4096
SHARE = 0.8
"""Of the memory, for what is counted; the rest is for the framework and what its kernels need in passing."""
MOST_ON_CPU = 16
MOST_ON_GPU = 64
"""Larger batches are for several machines: on one they only make steps slower."""
GIB = 1 << 30


class Input(NamedTuple):
    """Size of the network's input: `shorter` and `longer` side where images keep their shape (`padded`), else height
    and width.
    """

    shorter: int
    longer: int
    padded: bool

    def resizer(self, why: str) -> Block:
        """The resizer that gives it."""
        return (padding if self.padded else stretching)(self.shorter, self.longer, why)


def choose_size(
    recipe: Recipe, named: tuple[int, int] | None, options: Options, found: Found
) -> tuple[Input, Choice]:
    """The size that was asked for, or the one of the network's own sizes that suits the images.

    Raises UserError for a size that the network cannot take.
    """
    wide = max(found.height, found.width) / min(found.height, found.width)
    asked = options.size or named
    if asked is not None:
        _check(recipe, asked)
        padded = recipe.keeps_shape or (wide > LONG_SHAPE and asked[0] == asked[1])
        edges = (min(asked), max(asked)) if padded else asked
        why = "as asked for" if options.size else "as the name says"
        return _decided(Input(*edges, padded), f"{why}; {_shape_reason(wide, padded)}")
    squares = [shorter for shorter, longer in recipe.sizes if shorter == longer]
    edge, why = _fitting(squares, found)
    padded = recipe.keeps_shape or wide > LONG_SHAPE
    return _decided(Input(edge, edge, padded), f"{why}; {_shape_reason(wide, padded)}")


def _decided(size: Input, why: str) -> tuple[Input, Choice]:
    return size, Choice("input size", f"{size.shorter}x{size.longer}", why)


def _shape_reason(wide: float, padded: bool) -> str:
    shape = f"the median image is {wide:.2g} : 1"
    return f"{shape}, it keeps its shape and is padded" if padded else f"{shape} and is stretched to it"


def _fitting(squares: list[int], found: Found) -> tuple[int, str]:
    """The smallest of the sizes at which not half of the boxes are small; never much larger than the images."""
    images = f"images are {found.height}x{found.width} at the median"
    if len(squares) == 1:
        return squares[0], f"the size of this network; {images}"
    longer = max(found.height, found.width)
    edges = [box for box in found.box_shares if box > 0]
    middle = statistics.median(edges) if edges else 1.0
    chosen = squares[0]
    for edge in squares[1:]:
        if middle * chosen >= SMALL_BOX or edge > longer * 1.25:
            break
        chosen = edge
    return chosen, f"{images}, and a median box has sides of {middle * chosen:.0f} pixels at this size"


def _check(recipe: Recipe, size: tuple[int, int]) -> None:
    """Raise UserError for a size that the network cannot take, with the nearest that it can."""
    shown = f"{size[0]}x{size[1]}"
    if recipe.fixed_size and size != recipe.sizes[0]:
        others = [
            name for name, other in RECIPES.items() if other.fixed_size and other.sizes[0][0] == max(size)
        ]
        own = recipe.sizes[0][0]
        raise UserError(
            f"{recipe.name} takes images of {own}x{own}, not of {shown}: its width and depth go with that size",
            hint=f"{others[0]} is the one for {max(size)}" if others else "leave --size out",
        )
    padded = recipe.keeps_shape
    wrong = [edge for edge in ((max(size),) if padded else size) if edge % recipe.multiple]
    if wrong or min(size) < 32 or max(size) > LARGEST_EDGE:
        step = recipe.multiple
        near = "x".join(str(max(step, 32, min(LARGEST_EDGE, round(edge / step) * step))) for edge in size)
        raise UserError(
            f"{recipe.name} cannot take images of {shown}",
            hint=f"sides are multiples of {step} from 32 to {LARGEST_EDGE}; {near} is the nearest"
            if step > 1
            else f"sides are from 32 to {LARGEST_EDGE} pixels",
        )


class Room(NamedTuple):
    """The memory that a step has to fit in, in bytes (None: unknown), and what it is the memory of."""

    memory: int | None
    of: str
    gpu: bool


def find_room(memory: int | None) -> Room:
    """What the user says, else the smallest GPU of this machine, else its own memory."""
    from cfgtool.training.starting.estimates import gpus, machine_memory

    if memory is not None:
        return Room(memory, "as given by --memory", True)
    devices = gpus()
    if devices:
        smallest = min(devices, key=lambda gpu: gpu.memory)
        return Room(smallest.memory, f"of this machine's {smallest.name}", True)
    return Room(machine_memory(), "of this machine, which has no GPU", False)


class Batch(NamedTuple):
    """The number of images in a step; `fits` is None where the memory, which `room` tells of, is not known."""

    size: int
    fits: bool | None
    room: str
    choice: Choice


def choose_batch(
    recipe: Recipe, network: NetworkDescription, slots: int, options: Options, examples: int
) -> Batch:
    """The largest power of two that fits the memory, is of use on such a machine, and that there are examples for."""
    room = find_room(options.memory)
    memory = training_memory(network, 1, slots)
    fit = None if room.memory is None else int((SHARE * room.memory - memory.fixed) // memory.activations)
    told = f"fits {_gib(room)} {room.of}"
    each = f"{memory.activations / GIB:.2f} GiB an image and {memory.fixed / GIB:.2f} GiB for the weights"
    if options.batch_size is not None:
        fits = None if fit is None else options.batch_size <= fit
        return Batch(
            options.batch_size,
            fits,
            told,
            Choice("batch size", str(options.batch_size), f"as asked for; a step keeps {each}"),
        )
    most = min(recipe.practice.batch, MOST_ON_GPU if room.gpu else MOST_ON_CPU, max(1, examples))
    size = 1
    while 2 * size <= min(most, most if fit is None else fit):
        size *= 2
    if fit is None:
        why = f"the memory of this machine is not known; a step keeps {each}"
    else:
        bound = f"about {max(fit, 0)} images fit {(room.memory or 0) / GIB:.0f} GiB {room.of} (a step keeps {each})"
        limit = "" if 2 * size > fit else f"; more than {size} {_no_use(room, most, examples)}"
        why = bound + limit
    return Batch(size, None if fit is None else size <= fit, told, Choice("batch size", str(size), why))


def _gib(room: Room) -> str:
    return f"{(room.memory or 0) / GIB:.3g} GiB"


def _no_use(room: Room, most: int, examples: int) -> str:
    if most == examples:
        return f"would repeat examples, of which there are {examples}"
    if room.gpu:
        return "are for several machines"
    return "only make steps slower without a GPU"
