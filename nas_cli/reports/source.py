"""A run folder as a report reads it."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_cli.errors import ConfigError, RunError
from nas_cli.reports.blocks import layers_of
from nas_cli.reports.history import History
from nas_cli.reports.measure import finite
from nas_cli.reports.outcome import state
from nas_cli.runs.folder import ENVIRONMENT, open_run
from nas_cli.spaces.architecture import Architecture, from_json

if TYPE_CHECKING:
    from nas_cli.reports.importance import Importance


@dataclass(frozen=True)
class Source:
    """What a report is made of: the journal's history, the configuration, and where the run was made."""

    path: Path
    history: History
    config: Mapping[str, Any]
    environment: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def command(self) -> str:
        """'search', 'train', …"""
        return str(self.history.start.get("command") or self.config.get("command") or "run")

    @property
    def strategy(self) -> str:
        """The strategy's name, and its scheduler's, 'bayesian + hyperband'; empty for a run without a strategy."""
        names = [self._choice("strategy"), self._choice("scheduler")]
        return " + ".join(name for name in names if name not in ("", "none")) if names[0] else ""

    @property
    def dataset(self) -> str:
        """The data set's name, as the journal says or else as configured; empty if neither does."""
        return str(self.history.dataset.get("name") or self._choice("dataset"))

    @property
    def estimator(self) -> str:
        """The estimator's name; 'train' where none is configured."""
        return self._choice("estimator") or "train"

    @property
    def split(self) -> str:
        """The digest of the split; empty if the journal has none."""
        return str(self.history.dataset.get("split_digest") or "")

    @property
    def status(self) -> str:
        """completed, interrupted or unfinished."""
        return state(self.history).status

    @property
    def best_valid(self) -> float | None:
        """The best validation value: of the chosen trial, or of the best epoch of a single training."""
        history, best = self.history, self.history.best
        if best is not None:
            return history.score(best)
        made = self._made
        if made:
            return history.measure.valid((history.last("test") or made).get("valid") or {})
        values = [value for value in map(history.measure.valid, history.epochs) if value is not None]
        return (max if history.measure.higher_is_better else min)(values, default=None)

    @property
    def cost(self) -> Mapping[str, Any]:
        """params, macs, flops, … of the chosen network: as the journal has them, or else counted from its layers."""
        best, network = self.history.best, self.architecture
        alone = self._made or self.history.start
        recorded: Mapping[str, Any] = best.cost if best is not None else alone.get("cost") or {}
        if recorded or network is None:
            return recorded
        layers = layers_of(network)
        macs = sum(layer.macs for layer in layers)
        return {"params": sum(layer.params for layer in layers), "macs": macs, "flops": 2 * macs}

    @property
    def _made(self) -> Mapping[str, Any]:
        """The last event of a smaller network that a run has made of one; empty for other runs."""
        own = [event for event in self.history.of_kind("pruned") if event.get("arm") == "main"]
        return self.history.last("shrunk") or (own[-1] if own else {})

    @property
    def flops(self) -> float | None:
        """FLOPs of the chosen network for one example."""
        return finite(self.cost.get("flops"))

    @property
    def params(self) -> float | None:
        """Parameters of the chosen network."""
        return finite(self.cost.get("params"))

    @cached_property
    def importance(self) -> "Importance | str | None":
        """The importance of the decisions for the score, or why there is none; None for a space without decisions."""
        # Imported here: it needs NumPy, which takes longer to load than a list of runs takes to print.
        from nas_cli.reports.importance import importance

        trials = self.history.comparable
        return importance(trials) if any(trial.decisions for trial in trials[:1]) else None

    def _choice(self, group: str) -> str:
        configured = self.config.get(group)
        return str((configured.get("name") if isinstance(configured, Mapping) else configured) or "")

    @property
    def command_line(self) -> str:
        """The command that repeats the run in a new folder, quoted for a shell; empty if it is not recorded."""
        return _command_line(self.environment.get("argv"))

    @property
    def architecture(self) -> Architecture | None:
        """The chosen network as it was trained, or that of a training; None if the journal holds none to read."""
        best = self.history.best
        chosen = {"architecture": best.architecture} if best else self.history.last("shrunk")
        for event in (chosen, self.history.start):
            try:
                return from_json(event["architecture"])
            except (ConfigError, KeyError, TypeError):
                continue
        return None


def load(path: Path) -> Source:
    """The run in a folder.

    Raises:
        RunError: if there is no run, or its journal, configuration or environment is damaged.
    """
    run = open_run(path)
    return Source(path, History(run.events()), run.config(), environment(path))


def environment(path: Path) -> Mapping[str, Any]:
    """What a run's environment.json holds; empty if there is none.

    Raises:
        RunError: if it is damaged.
    """
    file = path / ENVIRONMENT
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RunError(f"cannot read {file}: restore it from a copy, or delete it to report without it.") from error
    return value if isinstance(value, dict) else {}


def _command_line(argv: object) -> str:
    if not isinstance(argv, Sequence) or isinstance(argv, str) or not argv:
        return ""
    words = [str(word) for word in argv]
    # The first word may be the program, under whatever path it was installed, or already the subcommand.
    program = Path(words[0]).name
    if program in ("nas", "nas.exe", "__main__.py"):
        words = words[1:]
    return shlex.join(["nas", *_without_folder(words)])


def _without_folder(words: Sequence[str]) -> list[str]:
    """The words without --out FOLDER: that folder holds the run already and would be refused."""
    kept = [word for before, word in zip(["", *words], words, strict=False) if "--out" not in (before, word)]
    return [word for word in kept if not word.startswith("--out=")]
