"""Pruning and rounding of kernels as chapter 11 teaches them; ``prune_and_round_arithmetic.js`` does the same."""

from __future__ import annotations

import gzip

import numpy as np

from fer_utils.widgets.drawn48_weights import LAYERS

#: The bits that the widget offers; 32 leaves the weights as they are.
BITS = (32, 8, 6, 5, 4, 3, 2)


def pruned(kernel: np.ndarray, share: float) -> np.ndarray:
    """The kernel with the smallest ``round(share * size)`` magnitudes at zero."""
    flat = kernel.flatten()
    flat[np.argsort(np.abs(flat), kind="stable")[: round(share * flat.size)]] = 0
    return flat.reshape(kernel.shape)


def codes(kernel: np.ndarray, channels: int, bits: int, per_filter: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The whole numbers that stand for a kernel, and their scales and zero points: w is about s (q - z).

    Parameters
    ----------
    kernel : any shape whose values lie filter after filter at each place (the last axis that is not 1).
    channels : how many filters there are.
    bits : 2 to 8.
    per_filter : a scale for each filter, z = 0 and q from -(2^(bits - 1) - 1) to 2^(bits - 1) - 1; else one scale from
        the smallest to the largest weight, and q from 0 to 2^bits - 1.

    Returns
    -------
    (q of (size / channels, channels), s, z), whole numbers as floats; s and z of (channels,) or (1,).
    """
    w = kernel.reshape(-1, channels).astype(float)
    if per_filter:
        top = 2 ** (bits - 1) - 1
        scale = np.abs(w).max(axis=0) / top
        zero = np.zeros(channels)
        return np.round(w / np.where(scale > 0, scale, 1)), scale, zero
    low, high = min(w.min(), 0.0), max(w.max(), 0.0)  # 0 has a number of its own
    scale = np.array([(high - low) / (2**bits - 1)])
    step = scale if scale[0] > 0 else np.ones(1)
    zero = np.round(-low / step)
    return np.clip(np.round(w / step) + zero, 0, 2**bits - 1), scale, zero


def changed(kernel: np.ndarray, channels: int, sparsity: float, bits: int, per_filter: bool) -> np.ndarray:
    """A kernel pruned, then rounded: float32 of the same shape."""
    kernel = pruned(kernel, sparsity)
    if bits == 32:
        return kernel
    q, scale, zero = codes(kernel, channels, bits, per_filter)
    return (scale * (q - zero)).astype("float32").reshape(kernel.shape)


def file_bytes(
    weights: list[tuple[np.ndarray, np.ndarray]], sparsity: float, bits: int, per_filter: bool
) -> tuple[bytes, dict[str, int]]:
    """What a file holds of the network's weights, and how large it would be in three kinds of file.

    Returns
    -------
    (bytes, sizes).  The bytes: for each layer float32 (32 bits) or a byte for each code and the scales, with one
    scale the zero point, too; then the biases.  Sizes in bytes: ``dense``, every weight with its bits; ``list``, each
    weight that is not 0 with its bits and a position of 16 bits; ``gzip``, the bytes packed by gzip.
    """
    parts, zeros, of, biases = [], 0, 0, 0
    for layer, (kernel, bias) in zip(LAYERS, weights, strict=True):
        left = pruned(kernel, sparsity)
        if bits == 32:
            parts.append(left.astype("<f4").tobytes())
            zeros += int((left == 0).sum())
        else:
            q, scale, zero = codes(left, layer.biases, bits, per_filter)
            ends = scale if per_filter else np.concatenate([scale, zero])
            parts += [(q.astype(int) & 255).astype("uint8").tobytes(), ends.astype("<f4").tobytes()]
            zeros += int((q == zero).sum())
        parts.append(bias.astype("<f4").tobytes())
        of, biases = of + kernel.size, biases + bias.size
    scales = 0 if bits == 32 else biases if per_filter else 2 * len(LAYERS)
    besides = 4 * (scales + biases)
    content = b"".join(parts)
    sizes = {
        "dense": -(-of * bits // 8) + besides,
        "list": -(-(of - zeros) * (bits + 16) // 8) + besides,
        "gzip": len(gzip.compress(content)),
    }
    return content, sizes
