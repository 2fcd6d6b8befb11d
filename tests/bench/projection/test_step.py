"""The cost model: limits that can be computed by hand, and what must rise or fall with what."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_cli.bench.projection.calibrate import with_value
from nas_cli.bench.projection.cluster import Cluster, load_cluster
from nas_cli.bench.projection.compute import images_per_second, slowest
from nas_cli.bench.projection.parameter_server import server_step
from nas_cli.bench.projection.project import MODES, project
from nas_cli.bench.projection.ring import ring_seconds, ring_step
from nas_cli.bench.projection.step import COMPUTE, LATENCY, SERVER_LINK, WORKER_LINK
from nas_cli.bench.projection.workload import Workload, fused, largest_share, profiled
from nas_cli.errors import ConfigError

CONF = Path(__file__).parents[3] / "conf" / "cluster"
NET = Workload("net", 224, 10**9, (1_000_000, 3_000_000))
"""16 MB of gradients in two tensors, of 4 and 12 MB."""


def cluster(**values: Any) -> Cluster:
    """One device per host that trains `net` at 100 images per second, 1 GB/s per process, ideal in all else."""
    made = load_cluster("p2_xlarge", CONF)
    device = dataclasses.replace(made.device, images_per_second={"net": 100.0}, half_batch=0.0)
    network = dataclasses.replace(made.network, gbit_s=1e6, usable=1.0)
    local = dataclasses.replace(made.local, device_gb_s=1e6, host_gb_s=1e6, latency_us=0.0)
    made = dataclasses.replace(made, device=device, network=network, local=local, jitter=0.0, backward_share=0.5)
    plain = {"gb_s": 1.0, "latency_us": 0.0, "message_ms": 0.0, "overlap": 0.0}
    for transport in ("nccl", "grpc"):
        for key, value in plain.items():
            made = with_value(made, f"transports.{transport}.{key}", value)
    made = with_value(made, "servers.apply_gb_s", 1e9)
    for name, value in values.items():
        made = with_value(made, name.replace("__", "."), value)
    return made


@pytest.mark.parametrize("mode", ["ring-allreduce", "independent"])
def test_one_worker_takes_its_compute_time(mode: str) -> None:
    made = project(cluster(), NET, mode, 1, 50)
    assert made.step.seconds == pytest.approx(0.5)
    assert (made.efficiency, made.efficiency_independent, made.step.binds) == (1.0, 1.0, COMPUTE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("workers", [2, 64, 100_000])
def test_infinite_bandwidth_scales_linearly(mode: str, workers: int) -> None:
    fast = cluster(transports__nccl__gb_s=1e15, transports__grpc__gb_s=1e15, network__gbit_s=1e18)
    made = project(fast, NET, mode, workers, 50)
    assert made.images_per_second == pytest.approx(100 * workers, rel=1e-5)


def test_a_ring_takes_twice_w_minus_one_over_w_times_bytes_over_bandwidth() -> None:
    assert ring_seconds(8e6, 4, 1e9, 1e-3) == pytest.approx((2 * 3 / 4 * 8e6 / 1e9, 6e-3))
    step = ring_step(cluster(), NET, 4, 50)
    assert step.exposed == step.worker_link == pytest.approx(2 * 3 / 4 * 16e6 / 1e9)
    assert step.seconds == pytest.approx(0.524)


def test_latency_is_paid_per_fusion_buffer_and_step() -> None:
    slow = cluster(transports__nccl__latency_us=50_000.0, transports__nccl__message_ms=100.0, fusion_mb=1.0)
    step = ring_step(slow, NET, 4, 50)
    assert step.latency == pytest.approx(2 * (6 * 0.05 + 0.1))
    assert step.binds == LATENCY
    assert ring_step(dataclasses.replace(slow, fusion_mb=64.0), NET, 4, 50).latency == pytest.approx(0.4)


def test_communication_hides_under_the_backward_pass() -> None:
    # 24 ms of all-reduce; the backward pass takes half of 10 images at 100 per second, 50 ms.
    assert ring_step(cluster(transports__nccl__overlap=1.0), NET, 4, 10).exposed == 0.0
    assert ring_step(cluster(transports__nccl__overlap=0.2), NET, 4, 10).exposed == pytest.approx(0.014)


def test_the_fullest_server_has_the_largest_tensor() -> None:
    assert largest_share([1, 2, 3, 4], 2) == 6
    assert largest_share([1, 2, 3, 4], 100) == 4
    assert largest_share(profiled("vgg16").tensors, 32) / profiled("vgg16").params == pytest.approx(0.743, abs=0.001)


def test_servers_saturate_at_the_knee_computed_by_hand() -> None:
    """Two servers, 12 MB on the fuller: W · 12 ms of its link hide under 0.48 s of backward pass up to W = 40."""
    made = cluster(transports__grpc__overlap=1.0, backward_share=0.96)
    before, at, after = (project(made, NET, "ps-sync", workers, 50, 2) for workers in (20, 40, 80))
    assert before.efficiency == pytest.approx(1.0)
    assert at.efficiency == pytest.approx(1.0)
    assert after.step.exposed == pytest.approx(0.48)
    assert (before.step.binds, after.step.binds) == (COMPUTE, SERVER_LINK)
    most = project(made, NET, "ps-sync", 100_000, 50, 2).images_per_second
    assert most == pytest.approx(50 / 0.012, rel=1e-3)


def test_half_duplex_pulls_before_it_pushes() -> None:
    full = server_step(cluster(), NET, 10, 2, 50, True)
    half = server_step(cluster(transports__grpc__duplex="half"), NET, 10, 2, 50, True)  # type: ignore[arg-type]
    assert (full.exposed, half.exposed) == pytest.approx((0.12, 0.24))


def test_what_goes_to_a_server_on_the_same_host_does_not_cross_its_link() -> None:
    """16 MB over links of 1 GB/s: of two workers one has the only server beside it; with a server on each of two hosts,
    4 and 12 MB, each worker sends the other's part."""
    made = cluster(network__gbit_s=8.0, transports__grpc__gb_s=1e6)
    alone, each = (server_step(made, NET, 2, servers, 50, True) for servers in (1, 2))
    assert (alone.worker_link, alone.server_link) == pytest.approx((0.016, 0.016))
    assert each.server_link == pytest.approx(0.016)  # 12 MB for the other worker and 4 MB for its own, at once
    half = with_value(made, "transports.grpc.duplex", "half")  # type: ignore[arg-type]
    assert server_step(half, NET, 2, 2, 50, True).server_link == pytest.approx(2 * 0.012)
    # Asynchronous: one step in 0.5 s beside the server, one in 0.532 s, in all 1 / 0.5 + 1 / 0.532 in a second.
    assert server_step(half, NET, 2, 1, 50, False).seconds == pytest.approx(2 / (1 / 0.5 + 1 / 0.532), rel=1e-4)


def test_a_server_on_a_workers_core_takes_its_time() -> None:
    """16 MB pulled and 16 pushed by the far worker in each of its steps of 0.532 s, at 0.1 GB/s, cost the near one 0.32
    of them; with servers of 4 and 12 MB, a worker sends 4 MB and loses 0.24 s of each step."""
    made = with_value(cluster(network__gbit_s=8.0, transports__grpc__gb_s=1e6), "transports.grpc.duplex", "half")
    made = dataclasses.replace(made, servers=dataclasses.replace(made.servers, core_gb_s=0.1))
    one, each = (server_step(made, NET, 2, servers, 50, False).seconds for servers in (1, 2))
    assert one == pytest.approx(2 / ((1 - 0.32 / 0.532) / 0.5 + 1 / 0.532), rel=1e-4)
    assert each == pytest.approx(0.5 + 2 * 0.004 + 0.24, rel=1e-4)


def test_a_worker_beside_a_server_is_as_fast_as_their_host_moves_bytes() -> None:
    made = with_value(cluster(network__gbit_s=8.0), "transports.grpc.inside_gb_s", 0.5)
    assert server_step(made, NET, 1, 1, 50, False).seconds == pytest.approx(0.5 + 0.032)
    # Both ways at once: the far worker's 16 MB take 16 ms of the link, the near one's 32 ms.
    assert server_step(made, NET, 2, 1, 50, False).seconds == pytest.approx(2 / (1 / 0.532 + 1 / 0.516))


def test_asynchronous_workers_do_not_wait_for_the_slowest() -> None:
    made = cluster(jitter=0.1)
    sync, alone = (project(made, NET, mode, 16, 50, 16) for mode in ("ps-sync", "ps-async"))
    assert sync.step.waiting == pytest.approx(0.5 * 0.1 * 1.767, rel=0.01)
    assert alone.step.waiting == 0.0
    assert alone.images_per_second > sync.images_per_second


def test_workers_of_a_host_share_its_link_unless_they_add_up_first() -> None:
    made = dataclasses.replace(cluster(network__gbit_s=8.0), devices_per_host=4)
    assert server_step(with_value(made, "servers.hosts", "own"), NET, 8, 8, 50, True).worker_link == pytest.approx(
        0.064
    )  # type: ignore[arg-type]
    summed = dataclasses.replace(made, servers=dataclasses.replace(made.servers, local_sum=True, hosts="own"))
    assert server_step(summed, NET, 8, 8, 50, True).worker_link == pytest.approx(0.016)


def test_scattered_ranks_share_a_host_link_that_packed_ones_cross_once() -> None:
    made = dataclasses.replace(cluster(network__gbit_s=8.0, transports__nccl__gb_s=100.0), devices_per_host=4)
    packed = ring_step(made, NET, 8, 50).worker_link
    scattered = ring_step(dataclasses.replace(made, placement="scattered"), NET, 8, 50).worker_link
    assert scattered == pytest.approx(4 * packed)


def test_processes_beyond_the_devices_take_turns() -> None:
    few = dataclasses.replace(cluster(transports__nccl__gb_s=1e9), hosts=2)
    made = project(few, NET, "ring-allreduce", 4, 50)
    assert made.row()["oversubscribed"] is True
    assert made.efficiency == pytest.approx(0.5, rel=1e-3)
    assert made.efficiency_independent == pytest.approx(1.0, rel=1e-3)


def test_a_slow_link_binds() -> None:
    assert project(cluster(transports__nccl__gb_s=0.01), NET, "ring-allreduce", 8, 50).step.binds == WORKER_LINK


def test_fusion_keeps_whole_tensors_and_all_bytes() -> None:
    assert fused([10, 20, 30], 200) == (200, 40)
    assert fused([10, 100, 30], 200) == (120, 400, 40)
    assert fused([10, 20], 0) == (80, 40)


def test_the_slowest_of_many_is_as_tables_of_the_normal_distribution_say() -> None:
    expected = {2: 0.564, 8: 1.424, 16: 1.766, 64: 2.344}
    for workers, standard in expected.items():
        assert slowest(1.0, workers) - 1 == pytest.approx(standard, rel=0.05)
    assert slowest(0.3, 1) == 1.0


def test_a_model_without_a_measured_rate_gets_that_of_its_likeness() -> None:
    made = load_cluster("p2_16xlarge", CONF).device
    like, other = profiled("vgg16"), profiled("vgg19")
    ratio = images_per_second(made, like, 32) / images_per_second(made, other, 32)
    assert ratio == pytest.approx(other.macs / like.macs)


def test_a_larger_batch_uses_a_device_better() -> None:
    device = load_cluster("p2_8xlarge", CONF).device
    rates = [images_per_second(device, profiled("inception_v3"), batch) for batch in (1, 32, 64, 256)]
    assert rates == sorted(rates)
    assert rates[2] == pytest.approx(30.8)


workers = st.integers(1, 100_000)
modes = st.sampled_from(MODES)
models = st.sampled_from(["vgg16", "resnet50", "inception_v4"])
profiles = st.sampled_from([load_cluster(path.stem, CONF) for path in sorted(CONF.glob("*.yaml"))])


@given(profiles, models, modes, workers, st.floats(1.0, 100.0))
def test_more_bandwidth_never_makes_a_step_longer(made: Cluster, model: str, mode: str, w: int, factor: float) -> None:
    faster = made
    for name in made.transports:
        faster = with_value(faster, f"transports.{name}.gb_s", made.transports[name].gb_s * factor)
    faster = with_value(faster, "network.gbit_s", made.network.gbit_s * factor)
    steps = [project(one, profiled(model), mode, w, 32).step.seconds for one in (made, faster)]
    assert steps[1] <= steps[0] * (1 + 1e-12)


@given(profiles, models, modes, workers)
def test_no_mode_beats_independent_processes(made: Cluster, model: str, mode: str, w: int) -> None:
    found = project(made, profiled(model), mode, w, 32)
    assert 0 < found.efficiency_independent <= 1 + 1e-12
    assert found.efficiency <= found.efficiency_independent + 1e-12


@given(profiles, models, workers)
def test_asynchronous_is_never_slower_than_synchronous(made: Cluster, model: str, w: int) -> None:
    sync, alone = (project(made, profiled(model), mode, w, 32) for mode in ("ps-sync", "ps-async"))
    assert alone.images_per_second >= sync.images_per_second * (1 - 1e-12)


@pytest.mark.parametrize(("mode", "processes", "batch", "servers"), [
    ("ring", 4, 32, None), ("ps-sync", 0, 32, None), ("ps-sync", 100_001, 32, None), ("ps-sync", 4, 0, None),
    ("ps-sync", 4, 32, 0),
])  # fmt: skip
def test_impossible_questions_get_one_line(mode: str, processes: int, batch: int, servers: int | None) -> None:
    with pytest.raises(ConfigError) as error:
        project(cluster(), NET, mode, processes, batch, servers)
    assert "\n" not in str(error.value)
