"""Networks of one name that compute differently in TF1 and TF2, although all their variables are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cfgtool.matching.plan import RestorePlan
    from cfgtool.networks.description import NetworkDescription
    from cfgtool.networks.variables import Difference, Variable


def concerned(network: NetworkDescription, variables: Iterable[Variable]) -> list[Difference]:
    """The differences between the generations that values of `variables` come to feel, in the order of the
    network.
    """
    names = list(variables)
    return [
        difference
        for difference in network.differences
        if any(difference.concerns(variable) for variable in names)
    ]


def twin_difference(plan: RestorePlan) -> str | None:
    """The warning that weights of the other generation fit but mean something else; None if they do not."""
    crossing = (plan.checkpoint.format == "tf2-object") != (plan.network.generation == "tf2")
    if not crossing:
        return None
    differences = concerned(plan.network, (variable for variable, _ in plan.restored))
    if not differences:
        return None
    type_ = plan.network.feature_extractor
    what = "; ".join(difference.what for difference in differences)
    return f"the weights fit, but {type_!r} computes something else with them: {what}"
