"""A strategy whose trials' budgets are set by successive halving or Hyperband."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, final, runtime_checkable

from nas_cli.strategies.contract import Examining, Outcome, Proposal, Strategy
from nas_cli.strategies.exchange import check_told
from nas_cli.strategies.scheduler.brackets import survivors
from nas_cli.strategies.scheduler.configuration import Configuration, comparable, promoted
from nas_cli.strategies.scheduler.settings import SchedulerSettings


@runtime_checkable
class Hearing(Protocol):
    """A strategy that tells budgets apart (`Outcome.metrics["budget"]`)."""

    def hear(self, outcomes: Sequence[Outcome]) -> None:
        """Takes outcomes of configurations that were told before, at larger budgets."""
        ...


@final
class Scheduled:
    """Successive halving (Jamieson & Talwalkar 2016) in the brackets of the settings, one after another: all
    configurations of a bracket are evaluated at its smallest budget, the best 1/eta go on to the next one.

    A `Hearing` strategy fills a bracket by batches of its own size, is told the outcomes at the smallest budget at
    once, and hears those of larger budgets: with TPE this is BOHB (Falkner et al. 2018). Any other one is asked for the
    whole bracket, gets halving on the batch that it gives, and is told once when the bracket is over, see `comparable`.
    The search ends when the strategy has no more configurations; the last bracket may start with fewer.

    A configuration takes up its training where its last budget ended (`Proposal.continues`). Its origin names it by
    the number that the strategy gave it (`configuration`); `parents` are trials, those of the largest budget.
    """

    def __init__(self, settings: SchedulerSettings, inner: Strategy, seed: int) -> None:
        self.inner = inner
        self._eta = settings.eta
        self._brackets = settings.brackets()
        self._turn = 0
        self._rung = 0
        self._members: list[Configuration] = []
        self._going: list[Configuration] = []
        self._batch: list[tuple[Configuration, Proposal]] = []
        self._trial_of: dict[int, int] = {}
        self._trials = 0
        self._generation = 0

    def ask(self, wanted: int | None = None) -> Sequence[Proposal]:
        if not self._batch:
            self._batch = self._next()
        return [proposal for _, proposal in self._batch]

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        check_told(outcomes, [proposal.trial for proposal in self.ask()])
        if not self._batch:
            return
        evaluated = [member for member, _ in self._batch]
        for (member, proposal), outcome in zip(self._batch, outcomes, strict=True):
            budget = {"budget": float(proposal.budget or 0)}
            member.outcomes.append(replace(outcome, metrics={**outcome.metrics, **budget}))
            self._trial_of[member.proposal.trial] = proposal.trial
        self._trials += len(outcomes)
        self._generation += 1
        self._batch = []
        self._pass_on(evaluated)

    def examine(self, outcome: Outcome) -> None:
        if isinstance(self.inner, Examining):
            self.inner.examine(outcome)

    def describe(self) -> Mapping[str, Any]:
        bracket = self._brackets[self._turn % len(self._brackets)]
        state = {"bracket": self._turn, "rung": self._rung, "budgets": list(bracket.budgets), "trials": self._trials}
        return {**self.inner.describe(), "scheduler": state}

    def _pass_on(self, evaluated: Sequence[Configuration]) -> None:
        """Tells the strategy what it is to know now, and goes on to the next rung or bracket where this one is over."""
        bracket = self._brackets[self._turn % len(self._brackets)]
        if isinstance(self.inner, Hearing):
            told = [member.told() for member in evaluated]
            if self._rung == 0:
                self.inner.tell(told)
                if len(self._members) < bracket.size:
                    return
            else:
                self.inner.hear(told)
        self._promote()

    def _promote(self) -> None:
        """Chooses who goes on; without anybody, or behind the largest budget, the bracket is over."""
        budgets = self._brackets[self._turn % len(self._brackets)].budgets
        going = self._going if self._rung else self._members
        reached = budgets.index(int(going[0].outcomes[-1].metrics["budget"]))
        if reached + 1 < len(budgets):
            going = promoted(going, survivors(len(going), self._eta))
            self._rung = reached + 1 if len(going) != 1 else len(budgets) - 1
            self._going = going
        if reached + 1 == len(budgets) or not going:
            self._close()

    def _close(self) -> None:
        if not isinstance(self.inner, Hearing):
            self.inner.tell(comparable(self._members))
        self._members, self._going, self._rung = [], [], 0
        self._turn += 1

    def _next(self) -> list[tuple[Configuration, Proposal]]:
        bracket = self._brackets[self._turn % len(self._brackets)]
        if self._rung:
            return self._proposals(self._going, bracket.budgets[self._rung])
        new = self._fresh(bracket.size - len(self._members))
        if not new and self._members:
            self._promote()
            return self._next()
        single = len(new) == 1 and not self._members and not isinstance(self.inner, Hearing)
        self._members += new
        return self._proposals(new, bracket.budgets[-1 if single else 0])

    def _fresh(self, room: int) -> list[Configuration]:
        """New configurations of the strategy, none when it is over."""
        batch = self.inner.ask() if isinstance(self.inner, Hearing) else self.inner.ask(room)
        if isinstance(self.inner, Hearing) and len(batch) > room:
            batch = self.inner.ask(room)
        return [Configuration(proposal) for proposal in batch]

    def _proposals(self, members: Sequence[Configuration], budget: int) -> list[tuple[Configuration, Proposal]]:
        return [(member, self._proposal(member, budget, self._trials + at)) for at, member in enumerate(members)]

    def _proposal(self, member: Configuration, budget: int, trial: int) -> Proposal:
        """What the strategy proposed, by the run's numbers of trials, with a budget."""
        proposal = member.proposal
        origin = {**proposal.origin, "configuration": proposal.trial}
        if "parents" in origin:
            origin["parents"] = [self._trial_of.get(parent, parent) for parent in origin["parents"]]
        return replace(
            proposal,
            trial=trial,
            generation=self._generation,
            origin=origin,
            budget=budget,
            continues=member.outcomes[-1].trial if member.outcomes else None,
            parent=None if proposal.parent is None else self._trial_of.get(proposal.parent),
        )
