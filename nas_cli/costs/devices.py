"""Devices by name, and this machine measured, for the roofline."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from nas_cli.costs.latency import Device
from nas_cli.costs.throughput import available_cores, machine_flops
from nas_cli.errors import ConfigError
from nas_cli.schema import nearest

THIS_MACHINE = "this_machine"

DEVICES: dict[str, Device] = {
    device.name: device
    for device in (
        Device("p100", 9.3e12, 732e9),  # NVIDIA Tesla P100 data sheet, PCIe, 16 GB
        Device("v100", 15.7e12, 900e9),  # NVIDIA V100 data sheet, SXM2
        Device("t4", 8.1e12, 320e9),  # NVIDIA T4 data sheet
        Device("a100", 19.5e12, 2039e9),  # NVIDIA A100 data sheet, SXM, 80 GB
        Device("h100", 67e12, 3.35e12),  # NVIDIA H100 data sheet, SXM
        Device("h200", 67e12, 4.8e12),  # NVIDIA H200 data sheet, SXM
        # 4 cores, 3 GHz, two 8-wide fused multiply-adds a cycle (AVX2); two channels of DDR4-3200
        Device("laptop_cpu", 4 * 3.0e9 * 32, 51.2e9),
        # 4 Cortex-A72 cores, 1.5 GHz, one 4-wide fused multiply-add a cycle (NEON); 32 bits of LPDDR4-3200
        Device("raspberry_pi_4", 4 * 1.5e9 * 8, 12.8e9),
    )
}
"""Peaks of ordinary float32 arithmetic, without tensor cores, and of the main memory, as published."""

COPY_BYTES = 16 * 2**20
"""Larger than the share of a cache that one core gets, so that the copy goes to memory."""

COPY_THREADS = 8
MEASURING_SECONDS = 0.15


def find_device(name: str) -> Device:
    """The named device; `this_machine` is measured at the call, in about half a second.

    Raises:
        ConfigError: if there is no such device.
    """
    if name == THIS_MACHINE:
        return this_machine()
    if name not in DEVICES:
        known = (THIS_MACHINE, *DEVICES)
        raise ConfigError(f"unknown device '{name}'.{nearest(name, known)} Known: {', '.join(known)}.")
    return DEVICES[name]


def this_machine() -> Device:
    """This machine's processor: the best float32 matrix product and the best copy of NumPy within half a second.

    What programs reach, not the peaks that a data sheet gives; two calls differ by a few percent.
    """
    return Device(THIS_MACHINE, machine_flops(), _copied_per_second(min(available_cores(), COPY_THREADS)))


def _copied_per_second(threads: int) -> float:
    """Bytes read plus bytes written per second while each thread copies an array of its own."""
    sources = [np.ones(COPY_BYTES // 8) for _ in range(threads)]
    targets = [np.empty_like(source) for source in sources]
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        until = time.perf_counter() + MEASURING_SECONDS
        while (start := time.perf_counter()) < until or best == float("inf"):
            list(pool.map(np.copyto, targets, sources))
            best = min(best, time.perf_counter() - start)
    return 2 * threads * COPY_BYTES / best
