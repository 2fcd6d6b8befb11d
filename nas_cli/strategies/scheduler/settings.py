"""Settings of successive halving and Hyperband."""

from dataclasses import dataclass, replace
from typing import Any, Self

from nas_cli.errors import ConfigError
from nas_cli.schema import number
from nas_cli.strategies.scheduler.brackets import Bracket, hyperband_brackets, rising_budgets, rungs


@dataclass(frozen=True, kw_only=True)
class SchedulerSettings:
    """Of `eta` configurations one goes on to the next budget.

    The budgets, in epochs, are `max_budget` (None: the epochs of the estimator), `max_budget` / eta, … down to
    `min_budget`, or the list `budgets`, such as [12, 200] for a table that knows no others.
    """

    name: str
    eta: float = number(1, open_low=True)
    min_budget: int = number(1)
    max_budget: int | None = number(1)
    budgets: tuple[int, ...] | None = number(1)

    def within(self, epochs: int, least: int = 1) -> Self:
        """The settings with `epochs` as the largest budget where they leave it open, and none below `least`, the
        smallest for which there are scores.

        Raises:
            ConfigError: if the scores do not depend on a budget (`epochs` is 0), or one of `budgets` is below `least`.
        """
        if epochs < 1:
            raise ConfigError(
                f"scheduler={self.name} needs scores at several budgets, and there is one for all: use --scheduler "
                "none, or name a column for each number of epochs under `fitness` in the table's description."
            )
        if self.budgets is not None:
            if self.budgets and self.budgets[0] < least:
                raise ConfigError(f"scheduler.budgets={list(self.budgets)} begins below {least}, the smallest known.")
            return self
        wider = replace(self, min_budget=max(self.min_budget, least))
        return wider if self.max_budget is not None else replace(wider, max_budget=epochs)

    def levels(self) -> tuple[int, ...]:
        """The budgets, rising.

        Raises:
            ConfigError: if there are none, or the list does not rise.
        """
        if self.budgets is not None:
            if not self.budgets or any(low >= high for low, high in zip(self.budgets, self.budgets[1:], strict=False)):
                raise ConfigError(f"scheduler.budgets must rise, as [12, 200] does, got {list(self.budgets)}.")
            return self.budgets
        if self.max_budget is None:
            raise ConfigError("scheduler.max_budget is not known: set it, or scheduler.budgets.")
        if self.min_budget > self.max_budget:
            raise ConfigError(
                f"scheduler.min_budget={self.min_budget} is above the largest budget, {self.max_budget} epochs: "
                "lower it, or raise scheduler.max_budget or training.epochs."
            )
        return rising_budgets(self.min_budget, self.max_budget, self.eta)

    def brackets(self) -> tuple[Bracket, ...]:
        """The brackets that are run in turn, again and again, until the strategy has no more configurations."""
        raise NotImplementedError

    def planned(self, strategy: Any, hears: bool = False) -> int:
        """About how many trials a search has whose strategy has these settings: exact if it fills every bracket with as
        many configurations as asked for, and none fails.

        `hears`: the strategy is told of every budget. It fills a bracket by and by, and a configuration that turns out
        to be alone in one has begun with the smallest budget.
        """
        left = int(strategy.planned if hasattr(strategy, "planned") else strategy.generations * strategy.population)
        brackets, trials, turn = self.brackets(), 0, 0
        while left > 0:
            bracket = brackets[turn % len(brackets)]
            count = min(left, bracket.size)
            trials += sum(going for going, _ in rungs(bracket, count, self.eta))
            trials += hears and count == 1 < len(bracket.budgets)
            left -= bracket.size
            turn += 1
        return trials


@dataclass(frozen=True, kw_only=True)
class SuccessiveHalvingSettings(SchedulerSettings):
    """`configurations` start in every bracket; None takes as many as leave one at the largest budget, eta^rungs."""

    configurations: int | None = number(1)

    def brackets(self) -> tuple[Bracket, ...]:
        levels = self.levels()
        return (Bracket(self.configurations or hyperband_brackets(levels, self.eta)[0].size, levels),)


@dataclass(frozen=True, kw_only=True)
class HyperbandSettings(SchedulerSettings):
    """Brackets from many configurations with small budgets to few with the largest one."""

    def brackets(self) -> tuple[Bracket, ...]:
        return hyperband_brackets(self.levels(), self.eta)
