"""The length of a shrinking phase, by hand."""

from nas_cli.morph.length import PhaseLength, compression_epochs, phase_length
from tests.morph import nets


def test_whole_epochs_are_all_their_batches() -> None:
    assert phase_length(nets.settings(epochs=3), 10) == PhaseLength(3, 10, 3.0)


def test_steps_end_inside_an_epoch_or_are_shared_by_several() -> None:
    """25 steps of 10 batches an epoch: three epochs of 9."""
    assert phase_length(nets.settings(epochs=3, steps=4), 10) == PhaseLength(1, 4, 0.4)
    assert phase_length(nets.settings(epochs=3, steps=25), 10) == PhaseLength(3, 9, 2.7)
    assert phase_length(nets.settings(epochs=3, steps=20), 10) == PhaseLength(2, 10, 2.0)


def test_every_multiplier_costs_a_phase() -> None:
    several = nets.settings(multipliers=(1.0, 2.0, 4.0), reduction=0.5, steps=4)
    assert compression_epochs(several, 10) == 3 * 0.4
    assert compression_epochs(nets.settings(epochs=2), 10) == 2.0
