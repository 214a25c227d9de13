"""A training run on a cluster: what is asked for, checked, and where its processes find each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfgtool.deploying import checks
from cfgtool.deploying.checks import Claim
from cfgtool.errors import UserError

CONFIG_FOLDER = "/etc/cfgtool"
CONFIG_FILE = "pipeline.config"
CONFIG_PATH = f"{CONFIG_FOLDER}/{CONFIG_FILE}"
SHARED_MEMORY = "/dev/shm"
DATA_MOUNT = "/data"
MODEL_MOUNT = "/runs"


@dataclass(frozen=True)
class ClusterRun:
    """`workers` pods of `image` that train together; `gpus`, `cpus`, `memory` are what each asks for.

    `claims` are mounted in every pod, the one that holds `model_dir` for writing. `options` are more words for `cfgtool
    train`. `retries` says how often a worker may fail, `grace_seconds` how long one that is told to stop may take.
    """

    name: str
    image: str
    workers: int
    model_dir: str
    claims: tuple[Claim, ...]
    namespace: str | None = None
    gpus: int = 0
    cpus: str | None = None
    memory: str | None = None
    port: int = 2222
    options: tuple[str, ...] = ()
    retries: int = 6
    grace_seconds: int = 300

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the workers listen; none for one that trains alone."""
        if self.workers == 1:
            return ()
        return tuple(f"{self.name}-{index}.{self.name}:{self.port}" for index in range(self.workers))

    @property
    def working_dir(self) -> str:
        """Where relative paths of the config lead from: the first claim."""
        return self.claims[0].mount if self.claims else "/"

    @property
    def model_claim(self) -> Claim:
        """The claim that keeps the run: its folder holds the model dir. Raises UserError without one."""
        for claim in self.claims:
            if claim.holds(self.model_dir):
                return claim
        raise UserError(
            f"no claim holds the model dir {self.model_dir!r}: checkpoints would go with the pods",
            hint="give --model-claim PVC, or a --model-dir below the folder of a claim",
        )


def check_run(run: ClusterRun) -> list[str]:
    """Notes on what may surprise. Raises UserError for what Kubernetes would refuse, or would not train."""
    checks.check_name(run.name, run.workers)
    if run.namespace is not None:
        checks.check_namespace(run.namespace)
    if run.memory is not None:
        checks.check_memory(run.memory)
    if run.cpus is not None:
        checks.check_cpus(run.cpus)
    checks.check_mounts(run.claims, (CONFIG_FOLDER, SHARED_MEMORY))
    checks.check_folder("--model-dir", run.model_dir)
    notes = [checks.check_image(run.image)]
    if run.model_claim.mount == run.model_dir:
        notes.append(
            f"the model dir is the whole claim {run.model_claim.name!r}, which other runs cannot share"
        )
    return [note for note in notes if note]


def find_claims(data: list[str], model: str | None) -> tuple[Claim, ...]:
    """The claims that `--data-claim` and `--model-claim` name, in this order."""

    def found() -> Iterator[Claim]:
        for text in data:
            yield checks.read_claim("--data-claim", text, DATA_MOUNT)
        if model is not None:
            yield checks.read_claim("--model-claim", model, MODEL_MOUNT)

    return tuple(found())


def find_model_dir(path: str | None, name: str, claims: tuple[Claim, ...], *, has_model_claim: bool) -> str:
    """The folder of the run: the one given, else one of the run's name in the model claim.

    Raises UserError if neither is given.
    """
    if path is not None:
        return checks.check_folder("--model-dir", path)
    if not has_model_claim:
        raise UserError(
            "it is not said where the run is kept",
            hint="give --model-claim PVC, or a --model-dir below the folder of a --data-claim",
        )
    return f"{claims[-1].mount}/{name}"
