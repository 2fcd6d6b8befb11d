from pathlib import Path

import pytest

from nas_cli.data.inventory import fetch, list_datasets, verify
from nas_cli.data.sources import data_dir
from nas_cli.errors import ConfigError, DataError
from tests.data.contract import CONF
from tests.data.publishers import write_cifar10, write_mnist


def test_every_data_set_has_a_row_and_a_configuration(tmp_path: Path) -> None:
    names = [row.name for row in list_datasets(tmp_path)]
    assert names == sorted(path.stem for path in CONF.glob("*.yaml"))


def test_states(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    write_cifar10(tmp_path / "cifar-10-batches-py")
    (tmp_path / "cifar-10-batches-py" / "test_batch").write_bytes(b"nothing")
    rows = {row.name: row for row in list_datasets(tmp_path)}
    assert (rows["mnist"].state, rows["mnist"].train, rows["mnist"].test) == ("subset", 60, 30)
    assert rows["cifar10"].state == "damaged"
    assert rows["cifar100"].state == "missing" and rows["cifar100"].train == 50_000
    assert rows["fashion_mini"].state == "embedded" and rows["synthetic"].state == "generated"


def test_sets_that_cannot_be_downloaded(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="image-net.org"):
        fetch("imagenet", tmp_path)
    assert fetch("fashion_mini", tmp_path) == ()


def test_unknown_names(tmp_path: Path) -> None:
    for act in (fetch, verify):
        with pytest.raises(ConfigError, match="Did you mean 'cifar10'"):
            act("cifar-10", tmp_path)


def test_verify_says_what_is_missing(tmp_path: Path) -> None:
    (check,) = verify("mnist", tmp_path)
    assert check.status == "missing" and not check.ok


def test_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NAS_DATA_DIR", str(tmp_path))
    assert data_dir() == tmp_path
    monkeypatch.delenv("NAS_DATA_DIR")
    assert data_dir().parts[-2:] == (".cache", "nas")
