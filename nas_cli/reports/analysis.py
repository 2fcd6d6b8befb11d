"""What several runs say together: groups, importance, fronts, rank correlations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nas_cli.reports.correlation import Correlation, correlations
from nas_cli.reports.evaluations import evaluations
from nas_cli.reports.fronts import Fronts, fronts, missing
from nas_cli.reports.grouping import by_measure, grouped
from nas_cli.reports.importance import Importance, importance
from nas_cli.reports.objectives import DEFAULT, Objective
from nas_cli.reports.source import Source
from nas_cli.reports.trial import Trial


@dataclass(frozen=True)
class Analysis:
    """Runs, and the objectives and reference point of their fronts; no objectives: value against FLOPs."""

    sources: Sequence[Source]
    objectives: tuple[Objective, ...] = ()
    reference: tuple[float, ...] | None = None

    @cached_property
    def groups(self) -> Mapping[str, Sequence[Source]]:
        """Runs that differ in their seed only, by name."""
        return grouped([source for source in self.sources if source.history.trials])

    @cached_property
    def fronts(self) -> Fronts | None:
        """The fronts of the runs that share the most frequent measure; None without values of the objectives."""
        alike = next(iter(by_measure(self.sources).values()), [])
        return fronts(alike, self._wanted, self.reference)

    @property
    def no_fronts(self) -> str:
        """Why objectives that were asked for have no front; empty if they have, or none were asked for."""
        return missing(self.sources, self.objectives) if self.objectives and self.fronts is None else ""

    @cached_property
    def importances(self) -> Mapping[str, Importance | str]:
        """Importance of the decisions, or why there is none, by the runs that share decisions and way of scoring."""
        pools: dict[tuple[str, ...], list[Trial]] = {}
        names: dict[tuple[str, ...], str] = {}
        for source in self.sources:
            trials = [trial for trial in source.history.comparable if trial.decisions]
            if trials:
                way = (source.dataset, source.estimator, str(trials[0].budget or ""))
                key = (*way, *trials[0].decisions)
                pools.setdefault(key, []).extend(trials)
                names[key] = ", ".join(word for word in way[:2] if word) + (f", {way[2]} epochs" if way[2] else "")
        made: dict[str, Importance | str] = {}
        for key, trials in pools.items():
            name = names[key]
            while name in made:
                name += "′"
            made[name] = importance(trials)
        return made

    @cached_property
    def correlations(self) -> Sequence[Correlation]:
        """Pairs of ways of scoring that share candidates."""
        return correlations(evaluations(self.sources))

    @property
    def _wanted(self) -> tuple[Objective, ...]:
        return self.objectives or tuple(Objective(name.lstrip("-"), name.startswith("-")) for name in DEFAULT)
