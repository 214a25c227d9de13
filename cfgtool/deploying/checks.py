"""What names, quantities and places have to look like for Kubernetes to take them, said before it is asked."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import NamedTuple

from cfgtool.errors import UserError

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?/)?"
    rf"{_PART}(?:/{_PART})*"
    r"(?P<tag>:\w[\w.-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
"""Registry, repository, tag and digest, as the OCI distribution specification has them."""
_MEMORY = re.compile(r"[0-9]+(\.[0-9]+)?(?:[KMGTPE]i|[kMGTPE])")
_CPUS = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m")


class Claim(NamedTuple):
    """A persistent volume claim that exists, and the folder where pods see it."""

    name: str
    mount: str

    def holds(self, path: str) -> bool:
        """Whether an absolute path is below the mount."""
        return path == self.mount or path.startswith(f"{self.mount}/")


def check_name(name: str, workers: int) -> None:
    """Raise UserError unless a job, its service and host names `NAME-0` to the last can be called so (RFC 1035)."""
    _check_label("--name", name)
    if not name[0].isalpha():
        raise UserError(f"--name {name!r} starts with a digit", hint="a service's name starts with a letter")
    longest = _LABEL_LENGTH - len(f"-{workers - 1}")
    if len(name) > longest:
        raise UserError(
            f"--name has {len(name)} characters, and with the number of a worker it may have {longest}",
            hint="choose a shorter one",
        )


def check_namespace(name: str) -> None:
    """Raise UserError unless a namespace can be called so (RFC 1123)."""
    _check_label("--namespace", name)


def _check_label(option: str, name: str) -> None:
    if not _LABEL.fullmatch(name):
        raise UserError(
            f"{option} {name!r} is no DNS label",
            hint="lower-case letters, digits and hyphens, with a letter or digit at both ends",
        )
    if len(name) > _LABEL_LENGTH:
        raise UserError(f"{option} has {len(name)} characters, and a DNS label has {_LABEL_LENGTH} at most")


def check_image(image: str) -> str | None:
    """A note if the image may change while the job runs. Raises UserError if it names none."""
    found = _IMAGE.fullmatch(image)
    if found is None:
        raise UserError(
            f"--image {image!r} names no image",
            hint="such as registry.example.com/team/cfgtool:1.0; repositories have no capitals",
        )
    if found["digest"] or found["tag"] not in (None, ":latest"):
        return None
    return f"--image {image} has no fixed tag: a worker that starts again may get another one"


def check_memory(text: str) -> None:
    """Raise UserError unless the text is an amount of memory with a unit."""
    if not _MEMORY.fullmatch(text) or not float(text.rstrip("KMGTPEki")):
        raise UserError(
            f"--memory {text!r} is no amount of memory", hint="write a number and a unit, such as 16Gi"
        )


def check_cpus(text: str) -> None:
    """Raise UserError unless the text is a positive number of processors."""
    if not _CPUS.fullmatch(text) or not float(text.rstrip("m")):
        raise UserError(f"--cpus {text!r} is no number of processors", hint="such as 8, 0.5 or 500m")


def read_claim(option: str, text: str, default_mount: str) -> Claim:
    """The claim of `PVC` or `PVC:MOUNT`. Raises UserError for names and folders that cannot be."""
    name, colon, mount = text.partition(":")
    labels = name.split(".")
    if len(name) > _SUBDOMAIN_LENGTH or not all(map(_LABEL.fullmatch, labels)):
        raise UserError(
            f"{option} {text!r} names no persistent volume claim",
            hint="write PVC or PVC:MOUNT, such as pets:/data",
        )
    return Claim(name, check_folder(f"{option} {text!r}", mount if colon else default_mount))


def check_folder(what: str, path: str) -> str:
    """The path without needless slashes. Raises UserError unless it is an absolute one below the root."""
    if not path.startswith("/") or ":" in path or ".." in path.split("/") or not path.isprintable():
        raise UserError(f"{what}: {path!r} is no absolute path in a container", hint="such as /data/pets")
    folder = "/" + posixpath.normpath(path).lstrip("/")
    if folder == "/":
        raise UserError(f"{what}: the root of a container cannot be a mount", hint="such as /data")
    return folder


def check_mounts(claims: Iterable[Claim], taken: Iterable[str]) -> None:
    """Raise UserError where one claim's folder is, or lies in, that of another or one of those `taken`."""
    seen = dict.fromkeys(taken, "the pod itself")
    for claim in claims:
        for mount, owner in seen.items():
            if claim.holds(mount) or Claim("", mount).holds(claim.mount):
                raise UserError(
                    f"claim {claim.name!r} at {claim.mount} is in the way of {owner} at {mount}",
                    hint="name another folder after a colon, such as pets:/pets",
                )
        seen[claim.mount] = f"claim {claim.name!r}"
