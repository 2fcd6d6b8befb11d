"""Profiles of hardware and networks, calibration, and the check against published tables."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from nas_cli.bench.projection.advise import advise
from nas_cli.bench.projection.calibrate import (
    calibrate,
    parameters_for,
    projected,
    value_of,
    with_single_rates,
    with_value,
)
from nas_cli.bench.projection.cluster import cluster_from, cluster_names, load_cluster
from nas_cli.bench.projection.validation import check, fit_all, fitted_clusters, published
from nas_cli.bench.projection.workload import names, profiled
from nas_cli.bench.rows import Measured, csv_text, read_measured
from nas_cli.errors import ConfigError, DataError

CONF = Path(__file__).parents[3] / "conf" / "cluster"


def values(name: str = "p3_25g") -> Any:
    return yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", cluster_names(CONF))
def test_every_profile_loads_and_is_named_like_its_file(name: str) -> None:
    assert load_cluster(name, CONF).name == name


def test_a_profile_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump({**values(), "name": "mine"}))
    assert load_cluster(str(tmp_path / "mine.yaml"), CONF).name == "mine"


@pytest.mark.parametrize(("change", "said"), [
    ({"speed": 3}, "unknown key 'cluster.speed'"),
    ({"jitter": 2.0}, "cluster.jitter must be in [0, 1]"),
    ({"jitter": "much"}, "cluster.jitter must be a number"),
    ({"ring": "ncl"}, "no ring transport 'ncl'. Did you mean 'nccl'?"),
    ({"placement": "anywhere"}, "cluster.placement must be one of packed, scattered"),
    ({"transports": {"nccl": {"kind": "ring"}}}, "missing key 'cluster.transports.nccl.gb_s'"),
    ({"transports": None}, "cluster.transports must be a group"),
    ({"network": {"gbit_s": 0, "usable": 1}}, "cluster.network.gbit_s must be in (0, inf)"),
])  # fmt: skip
def test_a_wrong_profile_gets_one_line(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        cluster_from({**values(), **change})
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_device_needs_a_rate() -> None:
    wrong = values()
    wrong["device"]["images_per_second"] = {"vgg16": -3}
    with pytest.raises(ConfigError, match="images_per_second.vgg16 must be a number above 0"):
        cluster_from(wrong)


def test_unknown_names_get_a_hint() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'p3_25g'"):
        load_cluster("p3_25", CONF)
    with pytest.raises(ConfigError, match="Did you mean 'resnet50'"):
        profiled("resnet5")


def test_networks_have_the_published_numbers_of_parameters() -> None:
    millions = {name: round(profiled(name).params / 1e6, 1) for name in names()}
    assert millions == {"inception_v3": 23.8, "inception_v4": 42.7, "resnet101": 44.5, "resnet152": 60.2,
                        "resnet50": 25.6, "vgg16": 138.4, "vgg19": 143.7}  # fmt: skip


def test_calibration_finds_the_parameters_that_made_the_rows() -> None:
    true = with_value(with_value(load_cluster("pascal_25g", CONF), "jitter", 0.08), "transports.tcp_nccl.gb_s", 1.2)
    asked = [Measured("ring-allreduce", m, w, None, 64, 1.0) for m in ("vgg16", "resnet101") for w in (4, 8, 16, 32)]
    rows = [Measured("ring-allreduce", r.model, r.processes, None, 64, projected(true, r, profiled)) for r in asked]
    start = load_cluster("pascal_25g", CONF)
    found = calibrate(start, rows, parameters_for(start, rows), profiled)
    assert found.fitted == pytest.approx({"jitter": 0.08, "transports.tcp_nccl.gb_s": 1.2}, rel=0.01)
    assert found.rms < 1e-3


@pytest.mark.parametrize(("name", "mode", "workers", "fitted"), [
    ("localhost", "ring-allreduce", (2, 3, 4), ("transports.gloo.inside_gb_s", "jitter")),
    ("pascal_25g", "ring-allreduce", (8, 16), ("transports.tcp_nccl.gb_s",)),
    ("p2_8xlarge", "ring-allreduce", (4, 8, 2), ("local.device_gb_s", "jitter")),
    ("p2_8xlarge", "ps-sync", (32, 16, 64), ("transports.grpc.gb_s", "jitter")),
])  # fmt: skip
def test_what_limits_the_measured_rows_is_fitted(
    name: str, mode: str, workers: tuple[int, ...], fitted: tuple[str, ...]
) -> None:
    rows = [Measured(mode, "resnet50", processes, None, 64, 1.0) for processes in workers]
    assert parameters_for(load_cluster(name, CONF), rows) == fitted


def test_a_fit_at_one_limit_of_the_link_predicts_another() -> None:
    """Two hosts whose link is the bottleneck: rows at 2 Gb/s tell what a link at 1 Gb/s does."""
    slow = with_value(with_value(load_cluster("pascal_25g", CONF), "network.gbit_s", 1.0), "network.usable", 0.8)
    fast = with_value(slow, "network.gbit_s", 2.0)
    asked = [Measured("ring-allreduce", m, 8, None, batch, 1.0) for m in ("vgg16", "resnet101") for batch in (32, 64)]
    rows = [Measured(r.mode, r.model, 8, None, r.batch, projected(fast, r, profiled)) for r in asked]
    start = with_value(fast, "network.usable", 0.95)
    assert parameters_for(start, rows) == ("network.usable", "jitter")
    found = with_value(calibrate(start, rows, parameters_for(start, rows), profiled).cluster, "network.gbit_s", 1.0)
    assert projected(found, asked[0], profiled) == pytest.approx(projected(slow, asked[0], profiled), rel=0.02)


def test_a_link_that_the_profile_hides_behind_the_computing_is_found_from_the_rows() -> None:
    """There the rate does not depend on the bandwidth, so that the fit has to begin elsewhere."""
    hidden = load_cluster("localhost", CONF)
    slow = with_value(hidden, "transports.gloo.inside_gb_s", 0.01)
    rows = [Measured("ring-allreduce", "resnet50", 2, None, batch, 1.0) for batch in (16, 32)]
    rows = [replace(row, images_per_second=projected(slow, row, profiled)) for row in rows]
    found = calibrate(hidden, rows, ("transports.gloo.inside_gb_s",), profiled)
    assert found.fitted["transports.gloo.inside_gb_s"] == pytest.approx(0.01, rel=0.05)
    assert found.rms < 0.01


def test_rates_of_one_worker_are_taken_over_at_the_profiles_batch() -> None:
    row = Measured("independent", "vgg16", 1, None, 32, 100.0)
    made = with_single_rates(load_cluster("pascal_25g", CONF), [row])
    assert projected(made, row, profiled) == pytest.approx(100.0)


def test_too_few_rows_and_unknown_parameters_are_refused() -> None:
    made, row = load_cluster("pascal_25g", CONF), Measured("ring-allreduce", "vgg16", 4, None, 64, 300.0)
    with pytest.raises(ConfigError, match="1 rows cannot tell 2 parameters"):
        calibrate(made, [row], ["jitter", "network.gbit_s"], profiled)
    with pytest.raises(ConfigError, match="'speed' is not a number"):
        calibrate(made, [row], ["speed"], profiled)


def test_measured_rows_come_back_from_their_csv(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    row = {"kind": "measured", "mode": "ps-sync", "model": "vgg16", "processes": 4, "servers": 2, "batch": 8,
           "images_per_second": 12.5}  # fmt: skip
    file.write_text(csv_text([row, {**row, "kind": "projected"}]))
    assert read_measured(file) == [Measured("ps-sync", "vgg16", 4, 2, 8, 12.5)]


HEAD = "mode,model,processes,batch,images_per_second\n"


@pytest.mark.parametrize(("text", "said"), [
    ("", "has no rows"),
    ("mode,model\nps-sync,vgg16\n", "has no column 'processes'"),
    (f"{HEAD}ps-sync,vgg16,two,8,3\n", "line 2 .*processes must be a whole number, got 'two'"),
    (f"{HEAD}ps-sync,vgg16,2\n", "line 2 .*batch must be a whole number, got ''"),
    (f"{HEAD}ps-sync,vgg16,2,8,0\n", "above 0"),
])  # fmt: skip
def test_wrong_measured_rows_get_one_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=said):
        read_measured(file)


def test_projection_against_published_tables() -> None:
    """Fitted to few workers it predicts many within the bars; the rows listed here miss theirs, by what is stated."""
    clusters = {name: load_cluster(name, CONF) for name in ("pascal_25g", "pascal_40g", "p2_xlarge", "p2_8xlarge")}
    rows = published()
    fits = fit_all(clusters, rows, profiled)
    checks = check(fitted_clusters(clusters, fits), rows, profiled)
    missed = {(c.row.measured.model, c.row.measured.transport): c.error for c in checks if c.met is False}
    assert missed == pytest.approx(
        {
            ("inception_v3", "grpc_gpu"): -0.392,
            ("resnet101", "grpc_gpu"): -0.321,
            ("inception_v3", "grpc_cpu"): -0.444,
            ("resnet101", "grpc_cpu"): -0.451,
        },
        abs=0.01,
    )
    assert sum(c.met is True for c in checks) == 10
    # The profiles hold what was fitted.
    for table, cluster in (("horovod", "pascal_25g"), ("horovod", "pascal_40g"), ("k80_knee", "p2_xlarge")):
        for name, value in fits[table].fitted.items():
            assert value_of(clusters[cluster], name) == pytest.approx(value, rel=0.01)


def test_advice_prefers_the_ring_and_names_what_binds() -> None:
    found = advise(load_cluster("pascal_25g", CONF), profiled("vgg16"), 64, 64)
    assert found.best.mode == "ring-allreduce"
    text = " ".join(found.sentences)
    assert "vgg16 on pascal_25g with ring-allreduce, 64 workers" in text
    assert "server link binds" in text
    assert {choice.mode for choice in found.choices} == {"ring-allreduce", "ps-sync", "ps-async"}


def test_advice_takes_no_more_servers_than_help() -> None:
    found = advise(load_cluster("pascal_25g", CONF), profiled("resnet101"), 8, 64)
    servers = {choice.mode: choice.servers for choice in found.choices}
    assert servers["ring-allreduce"] == 0
    assert 1 <= servers["ps-sync"] <= 8
