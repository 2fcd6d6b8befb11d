"""Seeds that depend on what is done, never on when or where it is done."""

import hashlib


def trial_seed(run_seed: int, trial: int) -> int:
    """The seed of a trial, in [0, 2**31): the first 31 bits of SHA-256 over "run seed/trial".

    So a trial has its seed whichever worker runs it, in whatever order, before or after a resume.
    """
    digest = hashlib.sha256(f"{run_seed}/{trial}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
