"""Document 5: relevance of parameters. It stops before its results: ours are the first."""

from collections.abc import Callable
from functools import partial

from nas_cli.reports.experiments.relevance_runs import ARD, ARMS, DATASETS
from nas_cli.reports.reproduction.folder import Folder, Missing, records
from nas_cli.reports.reproduction.row import ALONE, Claim, Judged

NAME = "5. Relevance of parameters"
NONE = "none: the document stops before its results"
CRITERIA = {
    "nonzero": ("model size", "weights that are not zero"),
    "minutes": ("time of design and optimisation", "minutes of a run"),
    "test": ("accuracy", "test accuracy in percent, of Boston housing RMSE in 1000 $"),
    "std": ("stability over seeds", "standard deviation of the test score over runs"),
    "noise": ("stability under input noise", "validation score lost with noise of 0.3 deviations"),
}
SIZES = {
    "boston": "graphs of 4 vertices",
    "mnist": "2,000 of 54,000 images, graphs of 5 vertices with 8 channels",
    "cifar10": "2,000 of 45,000 images, graphs of 5 vertices with 12 channels",
}
PLANTED = "nothing: data made by a formula, whose structure is known"


def claims() -> list[Claim]:
    """The document's five criteria and the reduction by ARD on three data sets, and data whose structure is known."""
    found = []
    for key, name in DATASETS.items():
        for column, (title, unit) in CRITERIA.items():
            judge = partial(_criterion, dataset=key, column=column, unit=unit)
            found.append(_claim(f"{title}, {name}", key, SIZES[key], judge))
        found.append(_claim(f"removal by ARD, {name}", key, SIZES[key], partial(_removal, dataset=key)))
    found.append(_claim("planted structure found again", "planted", PLANTED, _structure))
    found.append(_claim("planted irrelevant inputs removed", "planted", PLANTED, _inputs))
    return found


def _claim(item: str, part: str, reduced: str, judge: Callable[[Folder], Judged]) -> Claim:
    planted = "python scripts/planted_structure.py"
    command = planted if part == "planted" else f"python scripts/reproduce_relevance.py --datasets {part}"
    scale = "full" if part == "planted" else ""
    return Claim(NAME, item, NONE, "relevance", part, command, reduced, judge, scale=scale)


def _criterion(folder: Folder, dataset: str, column: str, unit: str) -> Judged:
    rows = folder.table("comparison.csv", dataset=dataset)
    known = {str(arm): value for arm, value in zip(rows["arm"], rows[column], strict=True) if value == value}
    if not known:
        raise Missing(f"relevance/comparison.csv has no {column} of {dataset}")
    ours = ", ".join(f"{arm.replace('_', ' ')} {known[arm]:.4g}" for arm in ARMS if arm in known)
    return Judged(ours, ALONE, f"{unit}, mean over runs")


def _removal(folder: Folder, dataset: str) -> Judged:
    rows = folder.table("size.csv", dataset=dataset)
    ours = "; ".join(
        f"{str(row['arm']).removesuffix(ARD).replace('_', ' ')} {row['smaller']:.2f} times smaller, {row['verdict']}"
        for row in records(rows)
    )
    return Judged(ours, ALONE, "weights left without ARD over those left with it, and what that did to the test score")


def _structure(folder: Folder) -> Judged:
    rows = folder.table("planted.csv", problem="structure")
    right = {str(arm): [str(value) == "True" for value in own] for arm, own in rows.groupby("arm")["functions_right"]}
    ours = ", ".join(f"prior {arm} {sum(held)} of {len(held)} seeds" for arm, held in right.items())
    return Judged(f"right edges and functions: {ours}", ALONE, "by chance one graph in 384 is right")


def _inputs(folder: Folder) -> Judged:
    rows = folder.table("planted.csv", problem="inputs")
    shares = [100 * rows[f"{kind}_removed"].sum() / rows[kind].sum() for kind in ("irrelevant", "relevant")]
    ours = f"{shares[0]:.0f} % of irrelevant inputs removed, {shares[1]:.0f} % of relevant ones"
    return Judged(ours, ALONE, f"{len(rows)} seeds")
