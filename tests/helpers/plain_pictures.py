"""A face set like a plain folder of pictures: nobody is named, and each file is its own performance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.faces import FaceSet

SIZE = 48


def textures(count, seed=0):
    """(count, 48, 48) pictures that have nothing in common."""
    rough = np.random.default_rng(seed).normal(0, 1, (count, 16, 16)).repeat(4, 1).repeat(4, 2)
    smooth = sum(np.roll(rough, (down, right), (1, 2)) for down in range(4) for right in range(4))
    return np.clip(127 + 9 * smooth[:, 8:56, 8:56], 0, 255).astype(np.uint8)


def plain_folder(path, *, scenes=30, copies=2, performance="folder/set/{clip}"):
    """A face set like CK+48 as a plain folder: two noisy pictures of each scene, each a clip of its own."""
    noise = np.random.default_rng(1).normal(0, 4, (copies, scenes, SIZE, SIZE))
    images = np.clip(textures(scenes)[None] + noise, 0, 255).astype(np.uint8).reshape(-1, SIZE, SIZE, 1)
    number = np.arange(len(images))
    clips = [f"{'happy' if one % 2 else 'sad'}/{one:03d}.png" for one in number]
    meta = pd.DataFrame({
        "path": clips, "dataset": "folder", "clip": clips, "actor": "", "sex": "", "view": "", "channel": "",
        "expression": [clip.split("/")[0] for clip in clips], "intensity": 1, "modality": "image", "statement": "",
        "repetition": 1, "performance": [performance.format(clip=clip, scene=one % scenes) for one, clip in
                                         zip(number, clips, strict=True)],
        "frame": 0, "frame_index": 0, "time_s": 0.0, "box_x": 0, "box_y": 0, "box_w": SIZE, "box_h": SIZE,
        "faces_found": 1, "detector": "whole", "score": 1.0, "sharpness": 1.0, "brightness": 1.0,
    })  # fmt: skip
    return FaceSet.save(images, meta, path)
