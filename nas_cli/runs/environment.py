"""Where and with what a run was made; never imports the libraries it names."""

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "nas-cli",
    "tensorflow",
    "keras",
    "tf-keras",
    "tensorflow-model-optimization",
    "horovod",
    "numpy",
    "pandas",
    "hydra-core",
    "optuna",
    "scikit-learn",
)


def environment(argv: Sequence[str], overrides: Sequence[str]) -> dict[str, Any]:
    """Versions, hardware, commit, command line and overrides of this process, as JSON values.

    `memory_bytes` is the machine's; `cores` are those this process may use; `commit` is None outside a checkout
    and ends with "+changes" when files differ from it. Packages that are not installed are None.
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "commit": _commit(Path(__file__).resolve().parents[1]),
        "argv": list(argv),
        "overrides": list(overrides),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit(package: Path) -> str | None:
    # An installed copy may lie inside a checkout of something else, whose commit says nothing about this code.
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit = _git(package, "rev-parse", "HEAD")
    changed = commit is not None and _git(package, "status", "--porcelain", "--untracked-files=no", ".")
    return f"{commit}+changes" if changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
