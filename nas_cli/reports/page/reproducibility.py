"""How to repeat a run, and what its figures rest on (after the checklist of Lindauer and Hutter 2020)."""

import re
from collections import Counter
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import yaml

from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.numbers import duration, grouped, size
from nas_cli.reports.outcome import by_generation, wall_seconds
from nas_cli.reports.page.bench_facts import bench_facts
from nas_cli.reports.page.elements import card, command, escape, facts
from nas_cli.reports.source import Source
from nas_cli.runs.sessions import sessions

ALONE = {
    "train": "none in this run: another training with nas train, then nas report on both",
    "distill": "none in this run: the student trained without a teacher, nas train --model STUDENT with the same seed",
    "morph": "the network before, as it came; trained as long with loop.baseline=true",
    "prune": "the network before; by chance with loop.random=true, trained as long with loop.baseline=true",
    "quantize": "the network before, on the same examples",
}
"""What a run without trials is read against."""


def reproducibility(source: Source) -> str:
    """The command, the block of facts, and the whole configuration, folded."""
    repeat = command(source.command_line) if source.command_line else ""
    return card(repeat, facts(_facts(source)), _configuration(source.config))


def provenance(history: History) -> str:
    """'verified', 'unverified subset', …; empty if the journal does not say."""
    value = history.dataset.get("provenance")
    return str(value.get("status") or "") if isinstance(value, Mapping) else str(value or "")


def unverified(history: History) -> str:
    """What 'The data are …' says where no checksum vouches for them; empty where one does."""
    dataset = history.dataset.get("name") or "the data set"
    return {
        "unverified subset": f"an unverified subset of {dataset}",
        "unverified": f"files of {dataset} that no published checksum covers",
    }.get(provenance(history), "")


def selection_rule(history: History) -> str:
    """How the network was chosen, and how often the test split was used, as the journal shows it."""
    if history.start.get("command") == "quantize":
        return "smallest file within quantize.max_loss on the validation split; test split used after it, once per file"
    tests = len(list(history.of_kind("test")))
    times = {0: "not touched so far", 1: "touched once, for the chosen network"}.get(tests, f"evaluated {tests} times")
    if "before" in history.last("test"):
        times += ", and once for the baseline"
    largest = " of the trials of the largest budget" if history.budgets else ""
    rule = (
        f"highest fitness{largest} on the validation split"
        if history.trials
        else "epochs compared on the validation split"
    )
    return f"{rule}; test split {times}"


def _facts(source: Source) -> list[tuple[str, str]]:
    history, environment = source.history, source.environment
    rests_on = bench_facts(source) if source.command == "bench" else _chosen(source)
    known = {name for name, _ in rests_on}
    data = [("Data", _data(source)), ("Provenance", provenance(history)), ("Split", _split(history))]
    return [
        ("Seed", str(history.start.get("seed", source.config.get("seed", "")))),
        *(fact for fact in data if fact[0] not in known and history.dataset),
        *rests_on,
        ("Precision", _precision(source)),
        ("Time", _time(history)),
        ("Processes lost", _lost(history)),
        ("Hardware", _hardware(environment)),
        ("Software", _software(environment)),
        ("Commit", str(environment.get("commit") or "")),
        ("Configuration digest", str(history.start.get("config_digest") or "")),
    ]


def _chosen(source: Source) -> list[tuple[str, str]]:
    """What the figures of a run rest on that trains and chooses networks."""
    return [
        ("Selection rule", selection_rule(source.history)),
        ("Strategy", source.strategy),
        ("Budget", _budget(source)),
        ("Baseline", _baseline(source)),
        ("Intervals", _intervals(source.history)),
    ]


def _intervals(history: History) -> str:
    """What the intervals on the page are over, and what they say nothing of."""
    share = history.tested.unit == "%" and history.last("test") and history.dataset.get("test")
    examples = "of the test value: 95 % Wilson interval over the test examples; " if share else ""
    return f"{examples}over seeds: none in one run, nas report RUN RUN... of several seeds gives 95 % t intervals"


def _time(history: History) -> str:
    number = len(sessions(history.events)) if history.events else 0
    several = f" in {number} sessions" if number > 1 else ""
    wall = wall_seconds(history)
    return "" if wall is None else f"{duration(wall)}{several}, on a machine that may have had other work"


def _lost(history: History) -> str:
    """Each loss of a process after which the run went on by itself, and with what; empty without any."""
    return ". ".join(
        f"{str(event['reason']).rstrip('.')}; {event['processes']} went on, on {event['hosts']}"
        for event in history.of_kind("restart")
    )


def _data(source: Source) -> str:
    dataset = source.history.dataset
    shape = "×".join(str(side) for side in dataset.get("input_shape") or ())
    classes = dataset.get("classes")
    several = f"{classes} classes" if isinstance(classes, int) and classes > 1 else ""
    return ", ".join(part for part in (source.dataset, shape, several) if part)


def _split(history: History) -> str:
    names = ("train", "validation", "test")
    sizes = ", ".join(f"{grouped(history.dataset[n])} {n}" for n in names if n in history.dataset)
    digest = history.dataset.get("split_digest")
    return ", ".join(part for part in (sizes, f"digest {str(digest)[:16]}" if digest else "") if part)


def _budget(source: Source) -> str:
    history, training = source.history, source.config.get("training") or {}
    estimator = source.config.get("estimator") or {}
    parts = []
    if source.history.trials:
        parts.append(f"{len(source.history.trials)} trials")
    if source.command in ("morph", "prune", "quantize"):
        counts = Counter(str(epoch.get("name")).replace("-", " ") for epoch in source.history.epochs)
        if not counts:
            return "no training"
        alike = Counter((re.sub(r" \d+$", "", name), number) for name, number in counts.items())
        parts += [
            f"{kind} {f'{times} × ' if times > 1 else ''}{number} {'epoch' if number == 1 else 'epochs'}"
            for (kind, number), times in alike.items()
        ]
        return ", ".join([*parts, f"batch {training.get('batch_size')}"])
    if history.trials and not history.trained:
        return ", ".join([*parts, *_budgets(history)])
    epochs = estimator.get("epochs") or training.get("epochs") if isinstance(estimator, Mapping) else None
    per = ("epoch" if epochs == 1 else "epochs") + (" per trial" if source.history.trials else "")
    parts += _budgets(history) or ([f"{epochs} {per}"] if epochs else [])
    parts += [f"batch {training['batch_size']}"] if "batch_size" in training else []
    workers = (source.config.get("resources") or {}).get("workers")
    parts += [f"{workers} workers"] if workers else []
    return ", ".join(parts)


def _budgets(history: History) -> list[str]:
    return ["budgets of " + ", ".join(map(str, history.budgets)) + " epochs"] if history.budgets else []


def _precision(source: Source) -> str:
    """The arithmetic that was used, or else the one asked for: 'auto' depends on the machine."""
    if not source.history.trained:
        return ""
    return ", ".join(source.history.precisions) or str((source.config.get("training") or {}).get("precision") or "")


def _baseline(source: Source) -> str:
    """What to read the result against; only what this run holds, and how to get the rest."""
    history = source.history
    if not history.trials:
        return ALONE.get(source.command, "")
    if source.strategy == "random":
        return "this run is the baseline: random search"
    values = by_generation(history)
    first = min(values, default=None)
    text = "random search of as many trials: --strategy random with the same seed, then nas report on both runs"
    if first is None:
        return text
    pick = max if history.measure.higher_is_better else min
    best, mean = (history.measure.text(value) for value in (pick(values[first]), fmean(values[first])))
    return f"generation {first} of this run: best {best}, mean {mean}. For {text}"


def _hardware(environment: Mapping[str, Any]) -> str:
    cores, memory = environment.get("cores"), finite(environment.get("memory_bytes"))
    unit = "core" if cores == 1 else "cores"
    parts = [str(environment.get("cpu") or ""), f"{cores} {unit}" if cores else "", size(memory) if memory else ""]
    return ", ".join(part for part in [*parts, str(environment.get("platform") or "")] if part)


def _software(environment: Mapping[str, Any]) -> str:
    packages = environment.get("packages") or {}
    named = [f"{name} {version}" for name, version in packages.items() if version]
    python = [f"Python {environment['python']}"] if environment.get("python") else []
    return ", ".join([*python, *named])


def _configuration(config: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    return f"<details><summary>Whole configuration</summary><pre>{escape(text)}</pre></details>"
