"""From proposals to jobs, and which of them must be done again because their network is lost."""

from collections.abc import Iterable, Sequence
from typing import final

from nas_cli.estimators.contract import Donor, Hints
from nas_cli.runs.seeds import trial_seed
from nas_cli.search.economies import Economies
from nas_cli.search.evaluator import Job
from nas_cli.search.model_store import ModelStore
from nas_cli.search.past import Past
from nas_cli.search.trials import CostOf
from nas_cli.strategies.contract import Proposal


@final
class Jobs:
    """The proposals asked for and what was known when they were, so that each can be evaluated, also later again."""

    def __init__(self, seed: int, cost_of: CostOf, models: ModelStore, past: Past, economies: Economies) -> None:
        self._seed = seed
        self._cost_of = cost_of
        self._models = models
        self._past = past
        self._economies = economies
        self._known: dict[int, tuple[Proposal, Hints]] = {}

    def __getitem__(self, trial: int) -> Job:
        """The job of a proposal."""
        proposal, hints = self._known[trial]
        return Job(
            trial=trial,
            architecture=proposal.architecture,
            seed=trial_seed(self._seed, trial),
            model_file=self._models.file(trial),
            predicted=self._predicted(proposal, hints),
            hints=hints,
        )

    def take(self, proposal: Proposal) -> None:
        """Remembers a proposal with its hints; in the order in which they were asked for."""
        self._known[proposal.trial] = (proposal, self._past.hints(proposal))

    def forget_all_but(self, best: int | None) -> None:
        """Forgets the trials told so far whose network nobody will ask for: all but the best, unless all are kept."""
        if not self._economies.keep_all:
            self._known = {trial: known for trial, known in self._known.items() if trial == best}

    def lost(self, jobs: Iterable[Job]) -> list[Job]:
        """The jobs whose networks those of `jobs` start from, and theirs before them, whose file somebody deleted; in
        order of their numbers."""
        if not self._economies.keep_all:
            return []
        wanted, missing = [job.hints for job in jobs], set[int]()
        while wanted:
            lost = {donor.trial for donor in donors(wanted.pop()) if not donor.file.exists()} - missing
            missing |= lost
            wanted += [self._known[trial][1] for trial in lost]
        return [self[trial] for trial in sorted(missing)]

    def _predicted(self, proposal: Proposal, hints: Hints) -> float:
        epochs = 1 if proposal.budget is None else max(1, proposal.budget - hints.trained_epochs)
        return float(self._cost_of(proposal.architecture).get("macs") or 0.0) * epochs


def donors(hints: Hints) -> Sequence[Donor]:
    """All networks that a trial with these hints may start from."""
    return [donor for donor in (*hints.donors, hints.continues, hints.parent) if donor is not None]
