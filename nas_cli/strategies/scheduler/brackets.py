"""The arithmetic of successive halving: which budgets, and how many configurations start on each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bracket:
    """`size` configurations start at the first of `budgets`, which rise."""

    size: int
    budgets: tuple[int, ...]


def rising_budgets(least: int, most: int, eta: float) -> tuple[int, ...]:
    """most / eta^i, rounded, for every i for which it is at least `least`; rising and without repetition."""
    budgets = [most]
    exact = most / eta
    while exact >= least * (1 - 1e-9):
        budgets.append(round(exact))
        exact /= eta
    return tuple(sorted(set(budgets)))


def survivors(count: int, eta: float) -> int:
    """How many of `count` configurations go on to the next budget: floor(count / eta), at least one."""
    return max(1, math.floor(count / eta + 1e-9))


def hyperband_brackets(budgets: Sequence[int], eta: float) -> tuple[Bracket, ...]:
    """The brackets of Hyperband (Li et al. 2018), the one with the most configurations first.

    With s_max + 1 budgets, bracket s starts ⌊(s_max + 1) / (s + 1)⌋·η^s configurations on the s + 1 largest ones: for
    R = 81 and η = 3 these are 81, 27, 9, 6, 5. Algorithm 1 as printed rounds up after the multiplication instead (81,
    34, 15, 8, 5).
    """
    levels = len(budgets)
    return tuple(
        Bracket(math.floor(levels // (s + 1) * eta**s + 1e-9), tuple(budgets[levels - 1 - s :]))
        for s in range(levels - 1, -1, -1)
    )


def rungs(bracket: Bracket, count: int, eta: float) -> list[tuple[int, int]]:
    """(configurations, budget) of each rung when `count` configurations start, none of which fails.

    A single configuration goes straight to the largest budget: there is nothing to choose on the way.
    """
    found = []
    for at, budget in enumerate(bracket.budgets):
        last = at == len(bracket.budgets) - 1
        if count > 1 or last:
            found.append((count, budget))
            count = survivors(count, eta)
    return found
