"""Which arithmetic 'auto' means."""

from pathlib import Path

import pytest

from nas_cli.errors import ConfigError
from nas_cli.training import precision, session


def cpuinfo(folder: Path, flags: str) -> Path:
    file = folder / "cpuinfo"
    file.write_text(f"processor\t: 0\nflags\t\t: fpu sse2 {flags}\nbugs\t\t: avx512_bf16\n")
    return file


@pytest.mark.parametrize(("flags", "expected"), [("avx512_bf16", True), ("amx_bf16 x", True), ("avx512f", False)])
def test_bfloat16_is_read_from_the_processors_flags(flags: str, expected: bool, tmp_path: Path) -> None:
    assert precision.processor_has_bfloat16(cpuinfo(tmp_path, flags)) is expected


def test_a_system_without_that_file_has_none(tmp_path: Path) -> None:
    assert precision.processor_has_bfloat16(tmp_path / "absent") is False


def test_auto_follows_the_hardware(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_gpu", lambda: False)
    monkeypatch.setattr(precision, "processor_has_bfloat16", lambda: True)
    assert precision.policy("auto") == "mixed_bfloat16"
    monkeypatch.setattr(precision, "processor_has_bfloat16", lambda: False)
    assert precision.policy("auto") == "float32"
    assert precision.policy("mixed_float16") == "mixed_float16"


def test_deterministic_means_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "is_deterministic", lambda: True)
    assert precision.policy("auto") == "float32"
    with pytest.raises(ConfigError, match="must be auto or float32"):
        precision.policy("mixed_bfloat16")
