from pathlib import Path

from tests.data.contract import DatasetContract
from tests.data.publishers import write_mnist


class TestFashionMnist(DatasetContract):
    name = "fashion_mnist"

    def make(self, data_dir: Path) -> dict[str, object]:
        write_mnist(data_dir / "fashion-mnist", train=100)
        return {}
