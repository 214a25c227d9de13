"""Table A: what is restored from the start checkpoint is said by `fine_tune_checkpoint_type` alone.

Both trainers fill an empty type from `from_detection_checkpoint`. `load_all_detection_checkpoint_vars` means
something in TF1, and only there: with type detection every variable whose name and shape fit is restored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cfgtool.migrate.model import ASK, BOTH, TF1, TF2, TF2_ONLY, Step
from cfgtool.migrate.rewriting import Part, added, change, note, quoted, removed, renamed, set_to
from cfgtool.migrate.successors import PUBLISHED, SUCCESSORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cfgtool.migrate.draft import Draft, Place
    from cfgtool.migrate.model import Change

_CHECKPOINT = "train_config.fine_tune_checkpoint"
_TYPE = "train_config.fine_tune_checkpoint_type"
_VERSION = "train_config.fine_tune_checkpoint_version"
_FROM_DETECTION = "train_config.from_detection_checkpoint"
_LOAD_ALL = "train_config.load_all_detection_checkpoint_vars"

_FILE_SUFFIX = re.compile(r"\.(?:index|data(?:-\d+-of-\d+)?)$")
_FULL_WARNING = (
    "type 'full' restores every variable and fails if num_classes is not the checkpoint's, where TF1"
    " skipped what did"
    " not fit; 'detection' keeps the feature extractor and lets the heads start anew"
)


class _Start:
    """The start fields of a config: effective values, and the places of the two old flags."""

    def __init__(self, draft: Draft) -> None:
        train = draft.config.find("train_config")
        self.path = train.text("fine_tune_checkpoint")
        self.type = train.text("fine_tune_checkpoint_type")
        self.from_detection = train.flag("from_detection_checkpoint")
        self.load_all = train.flag("load_all_detection_checkpoint_vars")
        self.from_detection_places = draft.find(_FROM_DETECTION)
        self.load_all_places = draft.find(_LOAD_ALL)

    @property
    def flags(self) -> list[Place]:
        """The places of both flags."""
        return self.from_detection_places + self.load_all_places


def _rewritten(draft: Draft, start: _Start, type_: str, drop: list[Place]) -> list[Part]:
    """Parts that write `type_` and delete the flags `drop`; a missing type takes the place of the first of
    them.
    """
    parts: list[Part] = []
    types = draft.find(_TYPE)
    paths = draft.find(_CHECKPOINT)
    value = quoted(type_, draft.text(paths[-1]) if paths else '"')
    # The new field stands where the old one stood, beside the comment that explains it.
    if start.type != type_:
        if types:
            parts.append(set_to(draft, types[-1], value))
        elif drop:
            parts.append(renamed(draft, drop[0], "fine_tune_checkpoint_type", value))
            drop = drop[1:]
        else:
            parts.append(added(draft, paths[-1].block, _TYPE, value, after=paths[-1].field))
    return parts + [removed(draft, place) for place in drop]


def _row(
    applies: Callable[[_Start], bool],
    type_: str,
    message: str,
    *,
    exact: bool = True,
    keep_load_all: bool = False,
) -> Callable[[Draft], Iterator[Change]]:
    """The function of one row: where it applies, the type ("" keeps the one there) and the flags to drop.

    In TF1 a `load_all_detection_checkpoint_vars` that does something, or is false, is left as it is.
    """

    def run(draft: Draft) -> Iterator[Change]:
        start = _Start(draft)
        if not start.path or not applies(start):
            return
        # TF1 still defines load_all, so `false` is no dead spelling there; TF2 has no use for either value.
        stays = keep_load_all or (draft.plan.trainer == TF1 and not start.load_all)
        drop = start.from_detection_places if stays else start.flags
        parts = _rewritten(draft, start, type_ or start.type, drop)
        if parts:
            yield change(message, *parts, exact=exact)

    return run


def _strip_suffix(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_CHECKPOINT):
        path = draft.string(place)
        if place.node and (match := _FILE_SUFFIX.search(path)):
            value = quoted(path[: match.start()], draft.text(place))
            message = f"a checkpoint is named by its prefix, without {match.group()!r}"
            yield change(message, set_to(draft, place, value))


def _rename_fine_tune(draft: Draft) -> Iterator[Change]:
    if draft.config.message("model").which("model") != "center_net":
        return
    for place in draft.find(_TYPE):
        # Other architectures refuse the word too, but name no successor: lint reports it there.
        if draft.string(place) == "fine_tune":
            message = (
                "CenterNet calls 'fine_tune' 'detection' now; converted ExtremeNet weights need the newer"
                " download"
            )
            yield change(message, set_to(draft, place, quoted("detection", draft.text(place))))


def _no_checkpoint(draft: Draft) -> Iterator[Change]:
    start = _Start(draft)
    if not start.path:
        for place in start.flags:
            yield change("without a fine_tune_checkpoint nothing is restored", removed(draft, place))


def _object_based(draft: Draft) -> Iterator[Change]:
    train = draft.config.find("train_config")
    if not train.text("fine_tune_checkpoint") or train.enum("fine_tune_checkpoint_version") != "V1":
        return
    # UNKNOWN passes the trainer's check and is left alone.
    places = draft.find(_VERSION)
    paths = draft.find(_CHECKPOINT)
    if places:
        part = set_to(draft, places[-1], "V2")
    else:
        after = (draft.find(_TYPE) or paths)[-1]
        part = added(draft, after.block, _VERSION, "V2", after=after.field)
    message = (
        "the TF2 trainer refuses version V1, the default; the file itself must be object-based, so a TF1"
        " checkpoint must be converted, or replaced by a TF2 one of the same backbone"
    )
    yield change(message, part, exact=False)


def _tf1_path(draft: Draft) -> Iterator[Change]:
    for place in draft.find(_CHECKPOINT):
        path = draft.string(place)
        named_like_one = path.rpartition("/")[2].startswith("model.ckpt")
        if path and (named_like_one or draft.plan.source == TF1):
            origin = "looks like a TF1 checkpoint" if named_like_one else "is of TF1, as the config was"
            message = (
                f"{path!r} {origin}, and the TF2 trainer refuses those; {_published(draft)}; `cfgtool match`"
                " shows what either restores"
            )
            yield note(draft, place, message)


def _published(draft: Draft) -> str:
    """Which TF2 checkpoints there are instead."""
    model = draft.config.find("model")
    architecture = model.which("model") or ""
    if architecture not in ("ssd", "faster_rcnn"):
        return "TF2 ones are called like '.../checkpoint/ckpt-0'"
    type_ = model.message(architecture).message("feature_extractor").text("type")
    names = PUBLISHED.get(SUCCESSORS.get(type_, type_))
    if not names:
        return f"the TF2 zoo has no detector with {type_!r}, and its checkpoints are called like '.../checkpoint/ckpt-0'"
    told = " and ".join(f"{name}/checkpoint/ckpt-0" for name in names)
    kind = "" if _Start(draft).type == "detection" else ", which need type 'detection'"
    return f"with this backbone the TF2 zoo has {told}{kind}"


STEPS = [
    Step(
        10,
        "A11",
        "checkpoint path with a file suffix",
        "a checkpoint is several files under one prefix",
        _strip_suffix,
        trainers=BOTH,
    ),
    Step(
        11,
        "A9",
        "CenterNet's old restore type",
        "the trainer names 'detection' as the successor of 'fine_tune'",
        _rename_fine_tune,
        trainers=BOTH,
    ),
    Step(
        12,
        "A7",
        "start flags without a start checkpoint",
        "they do nothing, and load_all alone stops the TF2 trainer",
        _no_checkpoint,
        trainers=BOTH,
    ),
    Step(
        13,
        "A3",
        "from_detection_checkpoint beside a type",
        "the flag is read only while the type is empty",
        _row(
            lambda start: (
                start.type != "" and not (start.load_all and start.type in ("detection", "classification"))
            ),
            "",
            "ignored, because fine_tune_checkpoint_type is set",
        ),
        trainers=BOTH,
    ),
    Step(
        14,
        "A2",
        "restore type said by from_detection_checkpoint: true",
        "an empty type becomes 'detection'",
        _row(
            lambda start: start.type == "" and start.from_detection and not start.load_all,
            "detection",
            "the restore type is written out: 'detection' restores the feature extractor of a detection"
            " checkpoint",
        ),
        trainers=BOTH,
    ),
    Step(
        15,
        "A1",
        "restore type left to its default",
        "an empty type becomes 'classification'",
        _row(
            lambda start: start.type == "" and not start.from_detection and not start.load_all,
            "classification",
            "the restore type is written out: 'classification' restores the backbone of a classification"
            " checkpoint",
        ),
        trainers=BOTH,
    ),
    Step(
        16,
        "A6",
        "load_all_detection_checkpoint_vars with a classification checkpoint",
        "the flag is ignored there",
        _row(
            lambda start: (
                start.load_all
                and (start.type == "classification" or (start.type == "" and not start.from_detection))
            ),
            "classification",
            "load_all_detection_checkpoint_vars does nothing for type 'classification'",
        ),
        trainers=BOTH,
    ),
    Step(
        17,
        "A5",
        "type detection with load_all_detection_checkpoint_vars",
        "TF2 refuses the flag; 'full' is the type that restores everything",
        _row(lambda start: start.load_all and start.type == "detection", "full", _FULL_WARNING, exact=False),
    ),
    Step(
        18,
        "A5",
        "from_detection_checkpoint beside type detection",
        "the flag is read only while the type is empty",
        _row(
            lambda start: start.load_all and start.type == "detection",
            "detection",
            "ignored, because fine_tune_checkpoint_type is set; load_all_detection_checkpoint_vars still"
            " counts in TF1",
            keep_load_all=True,
        ),
        trainers=(TF1,),
    ),
    Step(
        19,
        "A4",
        "a whole detection checkpoint asked for by both flags",
        "TF2 refuses load_all; 'full' is the type that restores everything",
        _row(
            lambda start: start.load_all and start.type == "" and start.from_detection,
            "full",
            _FULL_WARNING,
            exact=False,
        ),
    ),
    Step(
        20,
        "A4",
        "restore type said by from_detection_checkpoint: true",
        "an empty type becomes 'detection'; load_all is a TF1 switch of its own",
        _row(
            lambda start: start.load_all and start.type == "" and start.from_detection,
            "detection",
            "the restore type is written out; load_all_detection_checkpoint_vars still counts in TF1",
            keep_load_all=True,
        ),
        trainers=(TF1,),
    ),
    Step(
        21,
        "A8",
        "checkpoint version left at V1",
        "the TF2 trainer accepts object-based checkpoints only",
        _object_based,
        trainers=(TF2,),
    ),
    Step(
        22,
        "A10",
        "path of a TF1 checkpoint",
        "its name-based variables cannot be restored in TF2",
        _tf1_path,
        safety=ASK,
        trainers=TF2_ONLY,
    ),
]
