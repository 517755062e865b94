"""Edits of what is drawn, acted and filmed, and of how faces are found in it."""

STUDIO = "fer_utils/studio"
ACTING = f"{STUDIO}/acting.py"
EXPRESSIONS = f"{STUDIO}/expressions.py"
FACTORS = f"{STUDIO}/factors.py"
FEATURES = f"{STUDIO}/features.py"
HAIR = f"{STUDIO}/hair.py"
IDENTITY = f"{STUDIO}/identity.py"
LAYOUTS = f"{STUDIO}/layouts.py"
MOUTH = f"{STUDIO}/mouth.py"
POSE = f"{STUDIO}/pose.py"
RECORDING = f"{STUDIO}/recording.py"
RENDER = f"{STUDIO}/render.py"
SHADING = f"{STUDIO}/shading.py"
STAND_INS = "fer_utils/synthetic/stand_ins.py"
PREDICTOR = "fer_utils/synthetic/landmark_predictor.py"
REGIONS = "fer_utils/synthetic/region_masks.py"
RANDOM = "fer_utils/synthetic/random_faces.py"
POSES = "fer_utils/synthetic/posed_prototypes.py"
PHOTOS = "fer_utils/synthetic/photographs.py"
FACES = "fer_utils/faces"
CROPPING = f"{FACES}/cropping.py"
DETECTORS = f"{FACES}/detectors.py"
DETECTOR = f"{FACES}/detector_base.py"
EXTRACTION = f"{FACES}/extraction.py"
IMAGES = f"{FACES}/images.py"
LANDMARKS = f"{FACES}/landmarks.py"
PATCHES = f"{FACES}/landmark_patches.py"
LEARNING = f"{FACES}/landmark_training.py"
PIXELS = f"{FACES}/pixels.py"
PREPARATION = f"{FACES}/preparation.py"
QUALITY = f"{FACES}/quality_report.py"
RESIZING = f"{FACES}/resizing.py"
SAMPLING = f"{FACES}/sampling.py"
VIDEO = f"{FACES}/video.py"

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "studio": [
        (ACTING, "np.exp(spread * z - half_variance)", "np.exp(spread * z)"),
        (ACTING, "len(root))).sum(axis=1), -2.3, 2.3)", "len(root))).sum(axis=1), -1.0, 1.0)"),
        (ACTING, "strong = dict(identity.style), 1.2 if", "strong = dict(identity.style), 1.6 if"),
        (ACTING, "return x * x * (3 - 2 * x)", "return x"),
        (EXPRESSIONS, "frozenset({16, 17, 18,", "frozenset({16, 18,"),
        (FACTORS, "return seed * 1000 + _OFFSET[layout]", "return seed * 100 + _OFFSET[layout]"),
        (FACTORS, '"ravdess": (206, 208, 206)', '"ravdess": (196, 198, 196)'),
        (IDENTITY, "TONES[self.tone - 1]", "TONES[self.tone - 2]"),
        (LAYOUTS, 'DEFAULT_CLIPS: dict[str, int] = {"ravdess": 60', 'DEFAULT_CLIPS: dict[str, int] = {"ravdess": 30'),
        (POSE, "self.pivot = np.array([0.0, 0.55])", "self.pivot = np.array([0.0, 0.45])"),
        (POSE, "abs(self.sy) > 0.2:", "abs(self.sy) > 0.9:"),
        (POSE, "pose.head.front[-1] * 0.55", "pose.head.front[-1] * 0.65"),
        (SHADING, "math.sin(a) * math.cos(e), -math.sin(e)", "math.sin(a) * math.cos(e), math.sin(e)"),
        (SHADING, "warm = 0.20 if tone <= 6", "warm = 0.40 if tone <= 6"),
        (SHADING, "(tip - 0.055, 0.285 * deep)", "(tip - 0.055, 0.40 * deep)"),
        (MOUTH, "if opening > 0.10:", "if opening > 0.9:"),
        (MOUTH, "((238, 233, 224), 0.96)", "((178, 173, 164), 0.96)"),
        (HAIR, "_TURNED = 0.20", "_TURNED = 0.90"),
        (RECORDING, "what.blur * min(width, height) / 256", "what.blur * min(width, height) / 512"),
        (RECORDING, "/ 31.0 * what.noise", "/ 62.0 * what.noise"),
        (RECORDING, "act.pose + np.float32([turn + what.yaw", "act.pose + np.float32([what.yaw"),
        (RECORDING, "cv2.IMWRITE_JPEG_QUALITY, what.compression]", "cv2.IMWRITE_JPEG_QUALITY, 95]"),
        (RECORDING, 'np.arange(plan["frames"]) / fps', 'np.arange(plan["frames"]) * fps'),
    ],
    "stand_ins": [
        (STAND_INS, '"ravdess": Size(24, 20)', '"ravdess": Size(24, 16)'),
        (STAND_INS, '"mead": Size(30, 16)', '"mead": Size(24, 16)'),
        (STAND_INS, '"full": {"ravdess": Size(24, None)', '"full": {"ravdess": Size(None, 20)'),
        (STAND_INS, '"mead": Size(None, 16)', '"mead": Size(None, None)'),
        (STAND_INS, '"class": 6, "full": 30', '"class": 8, "full": 30'),
        (STAND_INS, "SEED = 2023", "SEED = 2024"),
        (STAND_INS, 'tier: str = "class"', 'tier: str = "smoke"'),
        (STAND_INS, "frames: int = 6", "frames: int = 4"),
        (STAND_INS, 'detector: str = "dlib"', 'detector: str = "haar"'),
        (STAND_INS, '**({"twins": True} if twins else {})', ""),
        (STAND_INS, "actors=size.actors", "actors=size.clips_per_actor"),
        (STAND_INS, "frames=frames,\n            size=size,", "size=size,"),
        (STAND_INS, "{'-twins' if twins else ''}-{key}", "-{key}"),
    ],
    "faces": [
        (CROPPING, "max(box.w, box.h) * (1", "min(box.w, box.h) * (1"),
        (CROPPING, "cv2.INTER_AREA if side >= size else cv2.INTER_LINEAR", "cv2.INTER_NEAREST"),
        (CROPPING, "* (size / side) - 0.5", "* (size / side)"),
        (CROPPING, "[[cosine, -sine], [sine, cosine]])\n\n\n@stage", "[[cosine, sine], [-sine, cosine]])\n\n\n@stage"),
        (CROPPING, "math.atan2(down, right)", "math.atan2(right, down)"),
        (CROPPING, "cv2.Laplacian(face, cv2.CV_64F).var()", "cv2.Laplacian(face, cv2.CV_64F).std()"),
        (CROPPING, "angle = side / pixels, math.radians(roll)", "angle = side / pixels, math.radians(-roll)"),
        (SAMPLING, "(2 * part + 1) * length", "(2 * part) * length"),
        (SAMPLING, "n_frames - 2 * (n_frames // 4)", "n_frames - 2 * (n_frames // 3)"),
        (SAMPLING, "values.argmax()) - k // 2", "values.argmax()) - k"),
        (SAMPLING, "nan=-1.0", "nan=99.0"),
        (DETECTOR, "key=lambda box: (-box.w * box.h, box.x, box.y)", "key=lambda box: (box.x, box.y)"),
        (DETECTOR, "inside or self.overlap(other) > 0.3", "inside"),
        (
            DETECTOR,
            "picture = grey_of(picture) if self.grey_first",
            "picture = grey_of(picture)[9:] if self.grey_first",
        ),
        (DETECTORS, "scaleFactor=1.1", "scaleFactor=1.3"),
        (DETECTORS, "step = 5 / 6", "step = 4 / 6"),
        (EXTRACTION, "points_in_crop(found, box, roll=roll, **where)", "points_in_crop(found, box, **where)"),
        (EXTRACTION, "image = crop(rgb, box, roll=roll, **where)", "image = crop(rgb, box, **where)"),
        (IMAGES, '"RGBA", picture.size, "white"', '"RGBA", picture.size, "black"'),
        (IMAGES, "picture = ImageOps.exif_transpose(picture)", "picture = picture.copy()"),
        (IMAGES, "+ 128) // 257", "+ 128) // 200"),
        (PIXELS, "return cv2.cvtColor(rgb[..., ::-1], cv2.COLOR_BGR2GRAY)", "return rgb.mean(axis=2).astype(np.uint8)"),
        (LANDMARKS, "(np.median(looks, axis=0) + 0.5)", "(np.mean(looks, axis=0) + 2.5)"),
        (LANDMARKS, '"margin": 0.5, "roll": roll', '"margin": 0.5, "roll": 0.0'),
        (QUALITY, ".abs(),", ","),
        (QUALITY, "1.4826 * float", "1.0 * float"),
        (RESIZING, "interpolation=cv2.INTER_AREA", "interpolation=cv2.INTER_NEAREST"),
        (VIDEO, "_SMALL = 64", "_SMALL = 1"),
        (VIDEO, "capture.get(cv2.CAP_PROP_POS_MSEC) / 1000", "capture.get(cv2.CAP_PROP_POS_MSEC) / 500"),
        (PREPARATION, "margin: float = 0.0", "margin: float = 0.1"),
    ],
    "landmark_predictor": [
        (PREDICTOR, "YAW, PITCH, ROLL, SIDE = 20.0", "YAW, PITCH, ROLL, SIDE = 30.0"),
        (PREDICTOR, "rng.normal(0.0, 4.0)", "rng.normal(0.0, 8.0)"),
        (PREDICTOR, "rng.uniform(0.85, 1.12)", "rng.uniform(0.7, 1.3)"),
        (PREDICTOR, "rng.uniform(0.0, 6.0)", "rng.uniform(0.0, 16.0)"),
        (PREDICTOR, "blur > 0.3", "blur > 3"),
        (PREDICTOR, "rng.random() < 0.12", "rng.random() < 0.30"),
        (PREDICTOR, "rng.uniform(0.3, 1.0)", "rng.uniform(0.6, 1.0)"),
        (PREDICTOR, "side = 2.82 *", "side = 2.5 *"),
        (PREDICTOR, "0.043 * side", "0.143 * side"),
        (PREDICTOR, "people: int = 150", "people: int = 100"),
        (PREDICTOR, "default_rng([start + number, k])", "default_rng([start, k])"),
        (PREDICTOR, "quantile(0.95)", "quantile(0.9)"),
        (LEARNING, '"tree_depth": 3', '"tree_depth": 4'),
        (LEARNING, "_SHIFT = 0.06", "_SHIFT = 0.3"),
        (LEARNING, "points[MIRRORED] *", "points *"),
        (PATCHES, "LOOK_SIDE = 200", "LOOK_SIDE = 160"),
        (PATCHES, "extent = max(2, round(2 * wide))", "extent = max(2, round(3 * wide))"),
        (PATCHES, "cv2.createCLAHE(3.0, (4, 4)).apply(grey)", "grey"),
    ],
    "random_faces": [
        (RANDOM, "SIDE, ZOOM = 96, 1.5", "SIDE, ZOOM = 96, 1.4"),
        (RANDOM, "PEOPLE_FROM = 100_000_000", "PEOPLE_FROM = 200_000_000"),
        (RANDOM, '"brow_height": 0.10', '"brow_height": 0.12'),
        (RANDOM, "yaw=_around(rng, 5.0, 15.0)", "yaw=_around(rng, 9.0, 25.0)"),
        (RANDOM, "rng.uniform(18.0, 60.0)", "rng.uniform(18.0, 50.0)"),
        (RANDOM, "p=(0.66, 0.16, 0.06, 0.06, 0.06)", "p=(0.6, 0.1, 0.1, 0.1, 0.1)"),
        (RANDOM, "azimuth=float(rng.normal(0.0, 25.0))", "azimuth=float(rng.normal(0.0, 20.0))"),
        (RANDOM, "np.repeat(np.arange(people), count)", "np.tile(np.arange(people), count)"),
        (
            RANDOM,
            "rng = np.random.default_rng([20261124, seed, number])",
            "rng = np.random.default_rng([1, seed, number])",
        ),
        (POSES, "REST_CHANCE, REST_MOST, LIDS_MOST = 0.25", "REST_CHANCE, REST_MOST, LIDS_MOST = 0.20"),
        (POSES, "UNEVEN = 0.08", "UNEVEN = 0.02"),
        (POSES, "p=weights / weights.sum()", "p=None"),
        (POSES, "intensity * (1 - apart)", "intensity * (1 + apart)"),
        (POSES, "strength: tuple[float, float] = (0.75, 1.15)", "strength: tuple[float, float] = (0.75, 1.0)"),
        (PHOTOS, "BOX_SIDE, BOX_CENTRE = 82.0", "BOX_SIDE, BOX_CENTRE = 80.0"),
        (PHOTOS, "np.exp(0.06 * larger)", "np.exp(0.12 * larger)"),
        (PHOTOS, "down + where.down) * BOX_SIDE", "down - where.down) * BOX_SIDE"),
        (PHOTOS, "if mirrored > 0:", "if mirrored < 0:"),
        (PHOTOS, "rng.normal(0, 0.3 * strength))", "rng.normal(0, 0.6 * strength))"),
        (PHOTOS, "rng.uniform(0, 9 * strength)", "rng.uniform(0, 30 * strength)"),
        (PHOTOS, "rng.normal(0.1, 0.25 * strength)", "rng.normal(0.1, 0.1 * strength)"),
        (PHOTOS, "if rng.random() < 0.15 * strength:", "if rng.random() < 0.05 * strength:"),
    ],
    "region_masks": [
        (REGIONS, '6: ("eye", "cheek")', '6: ("eye",)'),
        (REGIONS, '9: ("nose",)', '9: ("nose", "mouth")'),
        (REGIONS, '"mouth": (tuple(range(48, 68)),)', '"mouth": (tuple(range(48, 60)),)'),
        (REGIONS, "FOREHEAD = 0.30", "FOREHEAD = 0.20"),
        (REGIONS, "WIDENED = 0.06", "WIDENED = 0.10"),
        (REGIONS, "LEAST = 0.25", "LEAST = 0.30"),
        (REGIONS, "> table.neutral(row.actor) + least", "> least"),
        (REGIONS, '["action_units"].max(axis=0)', '["action_units"].mean(axis=0)'),
        (REGIONS, "hull + FOREHEAD * unit * up", "hull - FOREHEAD * unit * up"),
        (REGIONS, "np.array([across[1], -across[0]])", "np.array([-across[1], -across[0]])"),
        (REGIONS, "for side in (0, 1) if sides[side]}", "for side in (0, 1) if sides.any()}"),
        (REGIONS, "how_far > best[row.clip][0]", "how_far < best[row.clip][0]"),
        (REGIONS, 'config.get("margin", 0.0) if margin is None else margin', 'config.get("margin", 0.0)'),
        (REGIONS, "size=size or face_set.images.shape[1]", "size=face_set.images.shape[1]"),
        (REGIONS, '== "neutral")]', '!= "neutral")]'),
    ],
}
#: Words of messages, comments and docstrings, and bars' words.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "studio": [(f"{STUDIO}/films.py", "desc=f\"filming {plan['layout']}\"", "desc=f\"drawing {plan['layout']}\"")],
    "faces": [
        (CROPPING, "Cut the square around a box, make it grey, scale it.", "Cut, grey and scale the square."),
        (RESIZING, 'desc=f"resizing to {size} px"', 'desc=f"to {size} px"'),
    ],
    "stand_ins": [("fer_utils/core/errors.py", "Invalid value for", "Wrong value for")],
    "landmark_predictor": [
        (PREDICTOR, 'desc="drawing faces"', 'desc="drawing"'),
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
    ],
    "random_faces": [
        (RANDOM, 'desc="drawing faces"', 'desc="faces"'),
        (PHOTOS, 'desc="changing pictures"', 'desc="pictures"'),
    ],
    "region_masks": [(REGIONS, "# between the brows, where AU 4 folds the skin", "# where AU 4 folds the skin")],
}
