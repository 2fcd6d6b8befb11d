"""The device whose time a latency target means: found, or measured, once for a whole run."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nas_cli.costs.devices import find_device
from nas_cli.costs.latency import Device
from nas_cli.distributed.ring import OneProcess, Ring, agreed


def target_device(target: str, device: str, ring: Ring | None = None) -> Device | None:
    """The named device if `target` is latency, the same on all processes; None for other targets.

    `this_machine` is measured, and two measurements differ by a few percent: what must not depend on the clock takes
    the device of the run's start event.

    Raises:
        ConfigError: if there is no such device.
    """
    if target != "latency":
        return None
    found = find_device(device)
    peak, bandwidth = agreed(ring or OneProcess(), [found.peak_flops, found.bandwidth])
    return Device(found.name, peak, bandwidth)


def device_block(device: Device | None) -> dict[str, Any] | None:
    """{name, peak_flops, bandwidth} for the start event."""
    return None if device is None else asdict(device)


def journaled_device(start: Mapping[str, Any]) -> Device | None:
    """The device that a run's start event names; None if it names none."""
    block = start.get("device")
    return None if block is None else Device(**block)
