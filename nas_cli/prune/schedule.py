"""How much is gone when: the schedules of pruning."""

from nas_cli.prune.settings import PruneSettings


def share_at(settings: PruneSettings, position: float) -> float:
    """The share that is gone at `position` u of the schedule, 0 its beginning and 1 its end.

    With s_i `initial` and s_f the final share: one_shot s_f; linear s_i + (s_f − s_i)·u; cubic
    s_f + (s_i − s_f)·(1 − u)³ (Zhu & Gupta 2017, arXiv:1710.01878); iterative 1 − (1 − s_i)·((1 − s_f)/(1 − s_i))ᵘ, so
    that every round takes the same share of what is left (Frankle & Carbin 2019, arXiv:1803.03635).
    """
    first, last = settings.initial, settings.final
    if settings.schedule == "linear":
        return first + (last - first) * position
    if settings.schedule == "cubic":
        return last + (first - last) * float((1 - position) ** 3)
    if settings.schedule == "iterative":
        return 1 - (1 - first) * float(((1 - last) / (1 - first)) ** position)
    return last


def round_shares(settings: PruneSettings) -> tuple[float, ...]:
    """The share that is gone after each of the rounds 1..N, at r/N of the schedule."""
    inner = [share_at(settings, number / settings.rounds) for number in range(1, settings.rounds)]
    return (*inner, settings.final)


def step_shares(settings: PruneSettings, steps: int) -> tuple[tuple[int, float], ...]:
    """(step, share) of each update inside a training of so many steps: it follows that step, 0 is before the first.

    The schedule runs from step t0 = `begin`·steps to t1 = `end`·steps; there is an update at t0, every `update_every`
    steps from there, and at t1 whatever the distance.
    """
    begin, end = round(settings.begin * steps), round(settings.end * steps)
    if end <= begin:
        return ((begin, settings.final),)
    at = [*range(begin, end, settings.update_every), end]
    shares = [share_at(settings, (step - begin) / (end - begin)) for step in at[:-1]]
    return tuple(zip(at, [*shares, settings.final], strict=True))
