"""In which precision a network is trained: float32, or half of it where a GPU is made for that.

In mixed precision (Micikevicius et al. 2018, arXiv 1710.03740) the weights stay in float32 and the layers compute
in 16 bits.  Every backend of Keras 3.
"""

from __future__ import annotations

import json

import keras


def gpu() -> tuple[str, tuple[int, int]] | None:
    """Name and compute capability, as (major, minor), of the GPU that Keras' backend uses; None where it uses none."""
    # Whichever backend Keras has is installed; the others may not be.
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        if not found:
            return None
        details = tf.config.experimental.get_device_details(found[0])
        return details.get("device_name", "GPU"), tuple(details.get("compute_capability", (0, 0)))
    if backend == "torch":
        import torch

        if not torch.cuda.is_available():
            return None
        return torch.cuda.get_device_name(), torch.cuda.get_device_capability()
    if backend == "jax":
        import jax

        found = [device for device in jax.devices() if device.platform in ("gpu", "cuda", "rocm")]
        if not found:
            return None
        major, _, minor = str(getattr(found[0], "compute_capability", "0.0")).partition(".")
        if not (major + minor).isdigit():
            return found[0].device_kind, (0, 0)
        return found[0].device_kind, (int(major), int(minor or 0))
    return None


def policy(precision: str = "auto") -> str:
    """The Keras dtype policy of a recipe's ``precision`` on this machine.

    *auto* is ``mixed_bfloat16`` on a GPU of compute capability 8.0 or more,
    ``mixed_float16`` from 7.0 (the first whose matrix units take these numbers:
    NVIDIA, CUDA C++ Programming Guide, section 'Compute Capabilities'), and float32 elsewhere.  Any other
    precision is what it says, also without a GPU, where it is slow.
    """
    if precision != "auto":
        return precision
    found = gpu()
    if found is None or found[1] < (7, 0):
        return "float32"
    return "mixed_bfloat16" if found[1] >= (8, 0) else "mixed_float16"


def computed_on(precision: str = "auto") -> dict[str, str | None]:
    """What a training with a recipe's ``precision`` computes on here.

    Returns a dict: ``backend`` of Keras, ``gpu`` (its name, or None) and ``precision`` (see `policy`).
    """
    found = gpu()
    return {
        "backend": keras.backend.backend(),
        "gpu": None if found is None else found[0],
        "precision": policy(precision),
    }


def computing_in(model, wanted: str):
    """The network with the same weights, computing in the dtype policy ``wanted``, its last layer in float32.

    It is the given model itself where that computes so already, and a new one elsewhere.
    """
    head = {*getattr(model, "output_names", ()), model.layers[-1].name}
    inner = [
        layer for layer in model.layers if layer.name not in head and not isinstance(layer, keras.layers.InputLayer)
    ]
    half = any(layer.compute_dtype in ("float16", "bfloat16") for layer in inner)
    if wanted == "float32" and not half:
        return model
    if inner and all(layer.dtype_policy.name == wanted for layer in inner):
        return model

    def changed(value):
        if isinstance(value, list):
            return [changed(one) for one in value]
        if not isinstance(value, dict) or value.get("class_name") == "InputLayer" or value.get("name") in head:
            return value
        if value.get("class_name") == "DTypePolicy":
            return value | {"config": {"name": wanted}}
        return {name: changed(one) for name, one in value.items()}

    made = keras.models.model_from_json(json.dumps(changed(json.loads(model.to_json()))))
    made.set_weights(model.get_weights())
    return made
