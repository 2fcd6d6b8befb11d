"""Ways in which candidates were scored: by an estimator, with a budget; runs that scored the same way are one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from nas_cli.reports.grouping import traits
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.source import Source
from nas_cli.reports.trial import Trial

SETTINGS = ("estimator.", "training.", "augmentation.")
"""Settings that make two evaluations of one candidate different ones."""

NAMED = 2
"""Settings that an evaluation's name lists at most."""

PROXIES = ("synflow", "naswot", "grad_norm", "zero_cost", "extrapolated_accuracy", "predicted_accuracy")
"""Metrics that are a score of their own beside the fitness."""


@dataclass(frozen=True)
class Evaluation:
    """`scores`: candidate's digest → its mean score over the runs, higher is better. `effort` orders by expense."""

    name: str
    scores: Mapping[str, float]
    effort: tuple[int, float, str]


def evaluations(sources: Sequence[Source]) -> list[Evaluation]:
    """Every way in which the runs scored their candidates, on one data set each.

    The metrics of `PROXIES` that a journal has beside its fitness are evaluations of their own.
    """
    found: dict[tuple[str, ...], dict[str, list[float]]] = {}
    about: dict[tuple[str, ...], tuple[Source, int | None]] = {}
    for source in sources:
        settings, usual = _settings(source), _epochs(source.history)
        for trial in source.history.scored:
            epochs = trial.budget or usual
            for kind, score in _scores(trial):
                key = (*settings, kind, str(epochs))
                found.setdefault(key, {}).setdefault(trial.digest, []).append(score)
                about.setdefault(key, (source, epochs))
    names = _names({key: source for key, (source, _) in about.items()})
    return [
        Evaluation(names[key], {digest: fmean(values) for digest, values in scores.items()}, _effort(key, *about[key]))
        for key, scores in found.items()
    ]


def _scores(trial: Trial) -> list[tuple[str, float]]:
    """('', fitness) and each proxy's value; a proxy that is the fitness is not listed again."""
    fitness = trial.fitness or 0.0
    proxies = [(name, finite(trial.metrics.get(name))) for name in PROXIES]
    return [("", fitness), *((name, value) for name, value in proxies if value is not None and value != fitness)]


def _settings(source: Source) -> tuple[str, ...]:
    own = traits(source)
    return tuple(f"{key}={value}" for key, value in sorted(own.items()) if key == "data" or key.startswith(SETTINGS))


def _names(keys: Mapping[tuple[str, ...], Source]) -> dict[tuple[str, ...], str]:
    """Each evaluation by its estimator, proxy and budget, and by what sets it apart from others so named."""
    several_data = len({source.dataset for source in keys.values()}) > 1
    base = {key: _base(key, source, several_data) for key, source in keys.items()}
    names: dict[tuple[str, ...], str] = {}
    for key, name in base.items():
        twins = [other for other in keys if base[other] == name and other != key]
        differing = [word for word in key[:-2] if any(word not in twin for twin in twins)]
        words = [_setting_text(word) for word in differing[:NAMED]]
        label = ", ".join([name, *words])
        while label in names.values():
            label += "′"
        names[key] = label
    return names


def _setting_text(setting: str) -> str:
    """'epochs 4' for 'training.epochs=4'."""
    key, _, value = setting.partition("=")
    return f"{key.rpartition('.')[2]} {value}"


def _base(key: tuple[str, ...], source: Source, several_data: bool) -> str:
    kind, budget = key[-2], key[-1]
    name = kind.replace("_", " ") or source.estimator.replace("_", " ")
    words = [name, source.dataset if several_data else "", f"{budget} epochs" if budget != "None" else ""]
    return ", ".join(word for word in words if word)


def _effort(key: tuple[str, ...], source: Source, epochs: int | None) -> tuple[int, float, str]:
    """Proxies come first, then by epochs."""
    proxy = bool(key[-2]) or source.history.measure.name == "fitness"
    return (0 if proxy else 1, float(epochs or 0), "|".join(key))


def _epochs(history: History) -> int | None:
    """The epochs that every trial without a budget was trained for; None if they differ or are not known."""
    counts = {finite(trial.metrics.get("epochs")) for trial in history.scored if trial.budget is None}
    count = counts.pop() if len(counts) == 1 else None
    return None if count is None else int(count)
