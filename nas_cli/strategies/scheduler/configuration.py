"""A configuration on its way through the budgets of a bracket."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nas_cli.strategies.contract import Outcome, Proposal
from nas_cli.strategies.exchange import finite


@dataclass
class Configuration:
    """What a strategy proposed, and one outcome for each budget at which it was evaluated, the smallest first.

    `proposal` has the strategy's own trial number, the outcomes have those of the run; both know the budget.
    """

    proposal: Proposal
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def fitness(self) -> float | None:
        """That of the largest budget so far."""
        return finite(self.outcomes[-1].fitness)

    def told(self) -> Outcome:
        """The last outcome, by the strategy's trial number."""
        return replace(self.outcomes[-1], trial=self.proposal.trial)


def promoted(evaluated: Sequence[Configuration], count: int) -> list[Configuration]:
    """The best `count` of those that did not fail, in the order in which they were proposed."""
    scored = [(member.fitness, at) for at, member in enumerate(evaluated) if member.fitness is not None]
    best = sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:count]
    return [evaluated[at] for at in sorted(at for _, at in best)]


def comparable(members: Sequence[Configuration]) -> list[Outcome]:
    """One outcome for each configuration of a finished bracket, for a strategy that knows fitness only.

    Each counts with its fitness at the largest budget that it reached, but one that was stopped never with more than
    the least of those that went on where it did not: fitness at a small budget may be the higher number (overfitting,
    noise), and the selection that was made is not to be turned round. A configuration that failed at any budget failed.
    """
    outcomes = {member.proposal.trial: member.told() for member in members}
    bound: float | None = None
    for reached in sorted({len(member.outcomes) for member in members}, reverse=True):
        for member in (member for member in members if len(member.outcomes) == reached):
            told = outcomes[member.proposal.trial]
            if member.fitness is not None and bound is not None and member.fitness > bound:
                outcomes[member.proposal.trial] = replace(told, fitness=bound)
        ended = [finite(outcomes[m.proposal.trial].fitness) for m in members if len(m.outcomes) >= reached]
        bound = min((fitness for fitness in ended if fitness is not None), default=None)
    return [outcomes[member.proposal.trial] for member in members]
