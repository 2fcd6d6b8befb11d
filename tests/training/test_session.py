"""A deterministic process repeats a training bit for bit, also across a resume and whatever the chunks are."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import hashlib, sys
from pathlib import Path
from nas_cli.training import feed, precision, session
session.configure(None, deterministic=True)
import keras
from nas_cli.training.fit import fit
from tests.training.examples import STANDARD, convolutional, images, training
precision.apply("auto")
data, folder = images(), sys.argv[1]

class Killed(Exception):
    pass

def kill(epoch):
    if epoch["epoch"] == 2:
        raise Killed

def digest(folder=None, interrupt=False):
    settings = training(epochs=4)
    if interrupt:
        try:
            fit(convolutional(data), data, settings, STANDARD, 5, checkpoints=folder, progress=kill)
        except Killed:
            pass
    model = convolutional(data)
    result = fit(model, data, settings, STANDARD, 5, checkpoints=folder)
    state = b"".join(bytes(memoryview(v.numpy()).cast("B")) for v in model.variables)
    losses = [epoch["valid_loss"] for epoch in result.curve]
    return hashlib.sha256(state + repr(losses).encode()).hexdigest(), keras.config.dtype_policy().name

whole, resumed = digest(), digest(Path(folder), interrupt=True)
feed.MOST_STEPS = 1
print(*whole)
print(*resumed)
print(*digest())
"""


def test_bit_for_bit_in_two_processes_and_across_a_resume(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path / name)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name in ("a", "b")
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs[0] == outputs[1]
    whole, resumed, step_by_step = outputs[0].splitlines()
    assert whole == resumed == step_by_step
    assert whole.endswith(" float32")
