"""Manifests as the command writes them, for all tests of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "fixtures" / "demo" / "pipeline.config"

Told = tuple[int, str, str]
Manifest = Callable[..., Told]

IMAGE = ("--image", "registry.example.com/team/cfgtool:1.0")
CLAIMS = ("--data-claim", "pets", "--model-claim", "runs")

VARIANTS: dict[str, tuple[str, ...]] = {
    "one worker": (*IMAGE, "--workers", "1", *CLAIMS),
    "two workers": (*IMAGE, "--workers", "2", *CLAIMS),
    "one claim for all": (*IMAGE, "--workers", "2", "--data-claim", "all:/all", "--model-dir", "/all/runs/a"),
    "one claim twice": (
        *IMAGE,
        *("--workers", "2", "--data-claim", "all:/all", "--data-claim", "more:/more", "--model-claim", "all:/out"),
    ),
    "everything": (
        *("--image", "cfgtool@sha256:" + "0123456789abcdef" * 4),
        *("--workers", "8", "--name", "pets-2", "--namespace", "vision", *CLAIMS, "--gpus", "2", "--cpus", "500m"),
        *("--memory", "16Gi", "--port", "4000", "--retries", "0", "--grace-seconds", "30"),
        *("--set", "train_config.num_steps=7", "--train-option", "--eval-every 5 --best 'a $(b) $$c'"),
    ),
}  # fmt: skip
"""Words after the config, by what is special about them."""


def documents(text: str) -> dict[str, dict[str, Any]]:
    """The resources by kind, read by libyaml, which reads as strictly as Kubernetes' reader."""
    found = list(yaml.load_all(text, yaml.CSafeLoader))
    assert found == list(yaml.safe_load_all(text))
    kinds = {resource["kind"]: resource for resource in found}
    assert len(kinds) == len(found)
    return kinds


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    """The specification of a job's pods."""
    return job["spec"]["template"]["spec"]
