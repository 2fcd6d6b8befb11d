"""What each process of MorphNet's ring test runs: one shrinking phase, whose outcome it writes to a folder."""

import json
import sys
from pathlib import Path

import numpy as np

from nas_cli.distributed.ring import join
from tests.training.examples import PLAIN, images, training, weights


def main(out: Path) -> None:
    """Shrinks a network that starts from other weights in every process."""
    from nas_cli.training.session import configure

    configure(1, deterministic=True)
    ring = join()
    import keras

    from nas_cli.morph.compress import compress
    from nas_cli.surgery.shrink import shrink
    from tests.morph import nets
    from tests.morph.test_compress import network

    data = images(train=320)
    model = network(data)
    if ring.rank:
        model = keras.models.clone_model(model)
    found = compress(model, data, nets.settings(epochs=8), training(batch_size=8), PLAIN, 0, ring=ring)
    mine = out / str(ring.rank)
    mine.mkdir(parents=True)
    np.savez(mine / "weights.npz", *weights(shrink(model, found.keep)))
    said = {"alive": dict(found.alive), "strength": found.strength, "cost": found.cost_after}
    said["keep"] = {name: mask.tolist() for name, mask in found.keep.items()}
    (mine / "said.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
