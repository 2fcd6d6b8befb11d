"""The arithmetic of layers: from the name in the settings to Keras' dtype policy."""

from pathlib import Path

from nas_cli.errors import ConfigError
from nas_cli.training import session

CPUINFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})


def policy(name: str) -> str:
    """The Keras dtype policy that `name` stands for, e.g. 'mixed_bfloat16'.

    'auto' is mixed_bfloat16 (layers compute in bfloat16, weights and logits stay float32) where the processor
    multiplies bfloat16 numbers or there is a GPU, and float32 elsewhere and in a deterministic process.

    Raises:
        ConfigError: another precision than float32 in a deterministic process.
    """
    if session.is_deterministic():
        if name not in ("auto", "float32"):
            raise ConfigError(f"training.precision={name} with deterministic=true: must be auto or float32.")
        return "float32"
    if name != "auto":
        return name
    return "mixed_bfloat16" if processor_has_bfloat16() or has_gpu() else "float32"


def apply(name: str) -> str:
    """Sets the policy of all layers built from now on, and returns it."""
    import keras

    chosen = policy(name)
    keras.config.set_dtype_policy(chosen)
    return chosen


def processor_has_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """True if the processor has bfloat16 products (AVX512-BF16 or AMX); False where the system does not say."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith("flags")), "")
    return not BFLOAT16_FLAGS.isdisjoint(flags.split())


def has_gpu() -> bool:
    """True if TensorFlow sees a GPU."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
