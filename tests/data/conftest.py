"""Every test here sees only the data folders it makes itself."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("NAS_DATA_DIR", raising=False)
    monkeypatch.setattr("nas_cli.data.sources.system_dir", lambda: tmp_path / "system")
