"""Configurations: Hydra composes the files of `conf/`, dataclasses validate them; nothing else sees Hydra."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_cli.bench.settings import BenchSettings
from nas_cli.data.settings import AugmentationSettings, DatasetSettings
from nas_cli.distill.settings import DistillSettings
from nas_cli.errors import ConfigError
from nas_cli.models.settings import ModelSettings
from nas_cli.morph.loop_settings import LoopSettings
from nas_cli.morph.settings import MorphSettings
from nas_cli.prune.loop_settings import PruneLoopSettings
from nas_cli.prune.settings import PruneSettings
from nas_cli.quantize.settings import QuantizeSettings
from nas_cli.registry import REGISTRY, find, load
from nas_cli.schema import choice, nearest, number, validate
from nas_cli.training.settings import RetrainingSettings, TrainingSettings


@dataclass(frozen=True, kw_only=True)
class ResourceSettings:
    """What one run may use.

    `workers`: processes that evaluate trials at once. `threads`: threads of each; None is cores / workers.
    `trial_seconds`, `trial_memory_gb`: a trial beyond them fails with that reason; None sets no limit.
    `recycle_gb`: a worker whose memory has grown beyond this is replaced between trials. `retries`: how often a trial
    is tried again whose worker process died, before it fails; one beyond a limit is not.
    `parallel`: what the processes of `-np` do: evaluate different trials, or train each trial together.
    """

    workers: int = number(1, 256)
    threads: int | None = number(1)
    trial_seconds: float | None = number(0, open_low=True)
    trial_memory_gb: float | None = number(0, open_low=True)
    recycle_gb: float = number(0, open_low=True)
    retries: int = number(0, 100)
    parallel: str = choice("trials", "data")


@dataclass(frozen=True, kw_only=True)
class SearchConfig:
    """Everything that defines a search; `space`, `strategy`, `scheduler`, `estimator` are their registered settings."""

    seed: int = number(0, 2**32 - 1)
    deterministic: bool
    resources: ResourceSettings
    dataset: DatasetSettings
    augmentation: AugmentationSettings
    space: Any
    strategy: Any
    scheduler: Any
    estimator: Any
    training: TrainingSettings


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """What every run of one given network has."""

    seed: int = number(0, 2**32 - 1)
    deterministic: bool
    threads: int | None = number(1)
    dataset: DatasetSettings
    augmentation: AugmentationSettings
    model: ModelSettings
    training: TrainingSettings


@dataclass(frozen=True, kw_only=True)
class TrainConfig(NetworkConfig):
    """Everything that defines a full-budget training of one model."""


@dataclass(frozen=True, kw_only=True)
class SmallerNetworkConfig(NetworkConfig):
    """What every run has that makes a smaller network of one; `distill`: what is learned of `training.teacher`."""

    training: RetrainingSettings
    distill: DistillSettings

    def __post_init__(self) -> None:
        """
        Raises:
            ConfigError: settings of several teachers, or of another network's, with the network itself as the teacher.
        """
        if self.own_teacher is None:
            return
        self.distill.shares(1)
        if self.distill.inputs not in ("auto", "raw"):
            raise ConfigError(
                f"distill.inputs={self.distill.inputs} with training.teacher=self: must be auto, for the teacher takes "
                "what the network takes that is made of it."
            )

    @property
    def own_teacher(self) -> DistillSettings | None:
        """What the smaller network learns of the one it was made of; None where it learns of labels alone."""
        return self.distill if self.training.teacher is not None and self.distill.teaches else None


@dataclass(frozen=True, kw_only=True)
class MorphConfig(SmallerNetworkConfig):
    """Everything that defines a shrinking: the network, one shrinking phase (`morph`), and what surrounds it (`loop`).

    `training` is that of every phase, but for what `morph` and `loop` say of its length and learning rate.
    """

    morph: MorphSettings
    loop: LoopSettings


@dataclass(frozen=True, kw_only=True)
class PruneConfig(SmallerNetworkConfig):
    """Everything that defines a pruning: the network, its rounds (`prune`), and what they are compared with (`loop`).

    `training` is that of every phase, but for what `prune` says of its length and learning rate.
    """

    prune: PruneSettings
    loop: PruneLoopSettings

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.own_teacher is not None and self.prune.engine == "tfmot":
            raise ConfigError("training.teacher=self: prune.engine=tfmot learns of labels alone; use prune.engine=own.")


@dataclass(frozen=True, kw_only=True)
class DistillConfig(NetworkConfig):
    """Everything that defines a distillation: `teacher` names trained networks, runs or files, `model` the student."""

    teacher: tuple[str, ...]
    distill: DistillSettings


@dataclass(frozen=True, kw_only=True)
class QuantizeConfig(NetworkConfig):
    """Everything that defines a quantization; `training` is that of the methods that train."""

    quantize: QuantizeSettings


@dataclass(frozen=True, kw_only=True)
class BenchConfig(NetworkConfig):
    """Everything that defines a benchmark; `mode` is one of those of the command, which reads the keys it needs."""

    mode: str
    bench: BenchSettings


OPEN_KEYS = ("space.keys",)
"""Keys whose value is a group of names that no file lists: what is given joins what the file has, and replaces what it
has under the same name."""

CONFIGS: dict[str, type] = {
    "search": SearchConfig,
    "train": TrainConfig,
    "morph": MorphConfig,
    "prune": PruneConfig,
    "distill": DistillConfig,
    "quantize": QuantizeConfig,
    "bench": BenchConfig,
}


def conf_dir() -> Path:
    """The folder with the YAML files: beside the package in a checkout, inside it when installed."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "conf"


@functools.cache
def groups() -> dict[str, tuple[str, ...]]:
    """Names by config group ('dataset', 'training/optimizer', …), read from the folder without Hydra."""
    found: dict[str, list[str]] = {}
    for file in sorted(conf_dir().rglob("*.yaml")):
        group = file.parent.relative_to(conf_dir()).as_posix()
        if group != ".":
            found.setdefault(group, []).append(file.stem)
    return {group: tuple(names) for group, names in found.items()}


def load_config(command: str, overrides: Sequence[str]) -> Any:
    """The validated configuration of `command` with `overrides` applied.

    Raises:
        ConfigError: one line that names the key, the value and what is allowed.
    """
    return from_plain(command, compose(command, overrides))


def from_plain(command: str, values: Mapping[str, Any]) -> Any:
    """The validated configuration from plain values, e.g. those of a run's config.yaml."""
    made = dict(values)
    for group in REGISTRY:
        if group in CONFIGS[command].__annotations__ and isinstance(made.get(group), Mapping):
            entry = find(group, str(made[group].get("name")))
            made[group] = validate(load(entry.settings), made[group], group)
    return validate(CONFIGS[command], made)


def compose(command: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The composed values of `command` as plain dicts and lists, not yet validated."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    translated = [group_override(text, command) for text in overrides]
    _check_syntax(translated)
    # Hydra refuses new keys inside a group, and would mix a range that is given with the file's choices.
    opened = [text for text in translated if text.split("=")[0] in OPEN_KEYS]
    translated = [text for text in translated if text not in opened]
    try:
        with initialize_config_dir(config_dir=str(conf_dir().resolve()), version_base="1.3"):
            composed = hydra_compose(command, overrides=translated)
            values: dict[str, Any] = OmegaConf.to_container(composed, resolve=True)  # type: ignore[assignment]
    except (HydraException, OmegaConfBaseException) as error:
        raise _one_line(error, command, translated) from error
    for text in opened:
        _join(values, text)
    return values


def _join(values: dict[str, Any], text: str) -> None:
    """Puts the names that an override of an open key gives beside those of the files, each with its whole value."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override(text)
    *path, last = str(override.key_or_group).split(".")
    given = override.value()
    if not isinstance(given, dict):
        raise ConfigError(f"{override.key_or_group} must be a group, as {{name: value}}, got {given!r}.")
    part = values
    for name in path:
        part = part[name]
    part[last] = {**(part.get(last) or {}), **given}


def _check_syntax(overrides: Sequence[str]) -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    for text in overrides:
        try:
            parsed = OverridesParser.create().parse_override(text)
        except HydraException as error:
            raise ConfigError(f"cannot read '{text}'; write key=value, e.g. training.epochs=8.") from error
        if parsed.is_sweep_override():
            raise ConfigError(f"'{text}' has several values: add --sweep to run each, or write a list as [1,2].")
        if parsed.is_delete() or parsed.is_add():
            raise ConfigError(f"'{text}' adds or removes a key; only known keys can be set, as key=value.")


def group_override(text: str, command: str) -> str:
    """`training.loss=mse` as `training/loss=mse` where that is a group; other overrides unchanged.

    Raises:
        ConfigError: if the text is not key=value, or a group has no such name.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"'{text}' is not an override; write key=value, e.g. training.epochs=8.")
    group = key.replace(".", "/")
    if group not in groups():
        return text
    if value.startswith("{"):
        raise ConfigError(f"'{key}' is a group: choose one by name, or set its keys one by one, as {key}.KEY=value.")
    if value != "null" and value not in groups()[group]:
        known = ", ".join(groups()[group])
        raise ConfigError(f"unknown {key} '{value}'.{nearest(value, groups()[group])} Known: {known}.")
    if group.split("/")[0] not in _defaults(command):
        raise ConfigError(f"`nas {command}` has no '{key}'. Known groups: {', '.join(_defaults(command))}.")
    return f"{group}={value}"


@functools.cache
def _defaults(command: str) -> tuple[str, ...]:
    """The groups in the defaults list of conf/<command>.yaml."""
    text = (conf_dir() / f"{command}.yaml").read_text(encoding="utf-8")
    return tuple(re.findall(r"^  - (\w+):", text, flags=re.MULTILINE))


def _one_line(error: Exception, command: str, overrides: Sequence[str]) -> ConfigError:
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    named = re.search(r"Could not override '([^']+)'", message)
    if named:
        key = named.group(1)
        chosen = [text for text in overrides if "/" in text.split("=")[0] or text.split("=")[0] in groups()]
        known = _paths(compose(command, chosen))
        return ConfigError(f"unknown key '{key}'.{nearest(key, known)} `nas {command} --print-config` lists all keys.")
    return ConfigError(message)


def _paths(values: Mapping[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        found.append(prefix + key)
        if isinstance(value, Mapping):
            found += _paths(value, f"{prefix}{key}.")
    return found
