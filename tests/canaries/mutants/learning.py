"""Edits of what learns: training, experiments, explanation, shortcuts, distillation."""

TRAINING = "fer_utils/training"
AUGMENTATION = f"{TRAINING}/augmentation.py"
CALLBACKS = f"{TRAINING}/callbacks.py"
LOADING = f"{TRAINING}/data_loading.py"
DEAD = f"{TRAINING}/dead_relu.py"
STOPPING = "fer_utils/training/stopping.py"
FITTING = f"{TRAINING}/fitting.py"
PRECISION = f"{TRAINING}/precision.py"
PREDICTION = f"{TRAINING}/prediction.py"
RECIPE = f"{TRAINING}/recipe.py"
CONFIG = "fer_utils/experiments/config.py"
RUNNER = "fer_utils/experiments/runner.py"
RESULT = "fer_utils/experiments/result.py"
HEAT_MAPS = "fer_utils/explain/heat_maps.py"
MAP_PARTS = "fer_utils/explain/parts.py"
CURVES = "fer_utils/explain/deletion.py"
INTEGRATED = "fer_utils/explain/integration.py"
SCORING = "fer_utils/explain/scoring.py"
SHORTCUTS = "fer_utils/explain/shortcuts.py"
DISTILLED = "fer_utils/models/distilled.py"

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "training": [
        (RECIPE, "epochs: int = 12", "epochs: int = 10"),
        (RECIPE, 'optimizer: str = "adam"', 'optimizer: str = "adamw"'),
        (AUGMENTATION, '"degrees": 15.0', '"degrees": 10.0'),
        (AUGMENTATION, "width / 2 - 0.5, height / 2 - 0.5", "width / 2 + 2, height / 2 + 2"),
        (AUGMENTATION, "(moved - 127.5) * (1", "moved * (1"),
        (AUGMENTATION, "cv2.BORDER_REPLICATE", "cv2.BORDER_CONSTANT"),
        (AUGMENTATION, "shares[2:4] * (width, height)", "shares[2:4][::-1] * (width, height)"),
        (LOADING, "default_rng([self.shuffle_seed, epoch])", "default_rng([self.shuffle_seed, 0])"),
        (LOADING, "len(self.rows)) < 0.5", "len(self.rows)) < 0.25"),
        (LOADING, "batch[mirrored, :, ::-1]", "batch[mirrored, ::-1]"),
        (LOADING, "-(-len(self.rows) // self.batch_size)", "len(self.rows) // self.batch_size"),
        (LOADING, "rng.uniform(-1, 1,", "rng.uniform(0, 1,"),
        (LOADING, "rng.permutation(self.rows)", "rng.permutation(len(self.rows))"),
        (DEAD, "(values <= 0).sum()", "(values < 0).sum()"),
        (DEAD, "return not layer.negative_slope", "return True"),
        (DEAD, "np.maximum(highest.get(name, values), values)", "values"),
        (PRECISION, "found[1] < (7, 0)", "found[1] < (8, 0)"),
        (PRECISION, '"mixed_bfloat16" if found[1] >= (8, 0)', '"mixed_bfloat16" if found[1] >= (7, 0)'),
        (PRECISION, 'or value.get("name") in head', ""),
        (PREDICTION, "rows, batch_size=batch_size)", "np.sort(rows), batch_size=batch_size)"),
        (CALLBACKS, "default_rng([self.seed, epoch])", "default_rng(self.seed)"),
        (FITTING, "PROBED = 16", "PROBED = 8"),
        (FITTING, "np.linspace(0, len(train) - 1,", "np.linspace(0, len(train) // 2,"),
        (FITTING, "CosineDecay(recipe.learning_rate, steps)", "CosineDecay(recipe.learning_rate, 2 * steps)"),
        (FITTING, "shuffle_seed=seed,", "shuffle_seed=None,"),
        (FITTING, "training.begin(epoch)", "training.begin(0)"),
        (FITTING, "history.setdefault(name, []).append(float(values[-1]))", "history[name] = [float(values[-1])]"),
        (FITTING, "start, history, patience = kept", "start, history, patience = kept[1] - 1, *kept[2:]"),
        (FITTING, "steps=None if recipe.steps is None else recipe.check_every", "steps=None"),
        (FITTING, "model.set_weights(patience.weights)", "pass"),
        (RECIPE, "FALL, FALLS = 5.0, 2", "FALL, FALLS = 10.0, 2"),
        (RECIPE, "FALL, FALLS = 5.0, 2", "FALL, FALLS = 5.0, 1"),
        (RECIPE, "check_every: int = 100", "check_every: int = 50"),
        (STOPPING, "accuracy > self.best", "accuracy >= self.best"),
        (STOPPING, "self.waited < self.recipe.patience", "self.waited <= self.recipe.patience"),
        (STOPPING, "model.set_weights(self.weights)", "pass"),
        (STOPPING, "self.falls + 1, 0", "self.falls + 1, 1"),
        (STOPPING, 'self.recipe.schedule != "plateau" or', ""),
        (STOPPING, "len(scores) - 1 - best >=", "len(scores) - best >="),
        (STOPPING, "FALL ** (FALLS - 0.5)", "FALL ** (FALLS - 1.5)"),
        (LOADING, "self._before = 0 if self.steps is None else number * self.steps", "self._before = 0"),
        (LOADING, "divmod(self._before + index, self._batches_a_pass)", "divmod(index, self._batches_a_pass)"),
    ],
    "experiments": [
        (CONFIG, 'tier: str = "class"', 'tier: str = "full"'),
        (CONFIG, "frames: int = 6", "frames: int = 5"),
        (CONFIG, 'by: str = "actor"', 'by: str = "clip"'),
        (CONFIG, "round(1 / self.test)", "int(1 / self.test)"),
        (CONFIG, "tuple(sorted(frozen.items()))", "tuple(frozen.items())"),
        (CONFIG, "weight: float = 1.0", "weight: float = 0.5"),
        (CONFIG, '"seed": self.seed,', '"seed": 0,'),
        (CONFIG, "self.by, share, drawn_by", "self.by, share, 0"),
        (CONFIG, "self._learn_and_choose(meta, known)[0], test)", "known, test)"),
        (CONFIG, 'del value["validation"]', "pass"),
        (RUNNER, "validation=validation_rows,", "validation=test_rows,"),
        (RUNNER, "np.union1d(train_rows, validation_rows)", "validation_rows"),
        (CONFIG, "passed |= set(teacher.stages())", "passed |= set()"),
        (CONFIG, 'if stage != "metrics"', 'if stage != "training"'),
        (CONFIG, "[:24]", "[:16]"),
        (CONFIG, 'teacher["data"] = what["data"]', 'teacher["data"] = []'),
        (CONFIG, "twins=self.twins,", "twins=False,"),
        (RUNNER, "keras.utils.set_random_seed(experiment.seed)", "keras.utils.set_random_seed(0)"),
        (RUNNER, "train_rows, test_rows = split.rows(meta)", "test_rows, train_rows = split.rows(meta)"),
        (RUNNER, "splits.leakage(meta, met, test_rows)", "splits.leakage(meta, met, met)"),
        (RUNNER, "faces.resize(face_set.images, experiment.model.size, ", "faces.resize(face_set.images, None, "),
        (RUNNER, "scores.argmax(axis=1).astype", "scores.argmin(axis=1).astype"),
        (RUNNER, "weight=taught.weight", "weight=2 * taught.weight"),
        (RUNNER, '!= stages.version("metrics")', '== stages.version("metrics")'),
        (RUNNER, 'f"{experiment.model.name}-{key}"', 'f"{key}-{experiment.model.name}"'),
        (RESULT, 'self.metrics["accuracy"]["value"]', 'self.metrics["macro_f1"]["value"]'),
    ],
    "explain": [
        (HEAT_MAPS, "gradient.mean(axis=(1, 2), keepdims=True)", "gradient.max(axis=(1, 2), keepdims=True)"),
        (HEAT_MAPS, "np.maximum((gradient * features)", "np.abs((gradient * features)"),
        (HEAT_MAPS, ", 0)\n        stop", ")\n        stop"),
        (HEAT_MAPS, 'interpolation="bilinear"', 'interpolation="nearest"'),
        (MAP_PARTS, "name or list(maps)[-1]", "name or list(maps)[0]"),
        (MAP_PARTS, "return scores + layer.bias if layer.use_bias else scores", "return keras.ops.softmax(scores)"),
        (HEAT_MAPS, "lost / covered", "lost"),
        (HEAT_MAPS, "plain[row, wanted[row]] - found[wanted[row]]", "found[wanted[row]] - plain[row, wanted[row]]"),
        (HEAT_MAPS, "images.mean(axis=(1, 2), keepdims=True)\n", "images.max(axis=(1, 2), keepdims=True)\n"),
        (HEAT_MAPS, "range(0, length - patch + 1, stride), length - patch", "range(0, length - patch + 1, stride)"),
        (HEAT_MAPS, "w.reshape(-1, w.shape[-1]), axis=0)", "w.reshape(-1, w.shape[-1]), axis=1)"),
        (HEAT_MAPS, "stride: int = STRIDE", "stride: int = PATCH"),
        (HEAT_MAPS, "[: len(part)]", "[-len(part) :]"),
        (SCORING, "positive = np.maximum(maps, 0)", "positive = np.abs(maps)"),
        (SCORING, '"lift": found / chance', '"lift": found - chance'),
        (SCORING, "np.where(chance > 0, chance, np.nan)", "chance"),
        (SCORING, "(top & masks).sum(axis=(1, 2)) / top", "(top & masks).any(axis=(1, 2)) / top"),
        (SCORING, "& (largest[:, 0, 0] > 0)", ""),
        (SCORING, 'mean("lift", found["chance"][counted], most=np.inf)', 'mean("lift")'),
        (SCORING, '- made["unmasked"]', ""),
        (INTEGRATED, "(step + 0.5) / steps", "step / steps"),
        (INTEGRATED, "* (part - start)", "* part"),
        (INTEGRATED, ".sum(axis=3)", ".max(axis=3)"),
        (INTEGRATED, "steps: int = 32", "steps: int = 8"),
        (CURVES, "np.argsort(-flat, axis=1, kind=", "np.argsort(flat, axis=1, kind="),
        (CURVES, "np.trapezoid(curve, share, axis=1)", "curve.mean(axis=1)"),
        (CURVES, "np.where(taken, fills, images)", "np.where(taken, 0, images)"),
        (CURVES, "steps: int = 20", "steps: int = 10"),
    ],
    "shortcuts": [
        (SHORTCUTS, "SIDE, INSET = 0.10, 0.02", "SIDE, INSET = 0.12, 0.02"),
        (SHORTCUTS, "RADII, LEVELS = (0.018, 0.028)", "RADII, LEVELS = (0.018, 0.035)"),
        (SHORTCUTS, "(0.30, 0.10),", "(0.35, 0.10),"),
        (SHORTCUTS, "LIFT, DROP = 2.0, 0.05", "LIFT, DROP = 1.5, 0.05"),
        (SHORTCUTS, "255 * (numbers + 0.5) / classes", "255 * numbers / classes"),
        (SHORTCUTS, "numbers >= k", "numbers == k"),
        (SHORTCUTS, "((RADII[1], LEVELS[1]), (RADII[0], LEVELS[0]))", "((RADII[0], LEVELS[0]), (RADII[1], LEVELS[1]))"),
        (SHORTCUTS, "rng.integers(1, classes, len(others))", "rng.integers(0, classes, len(others))"),
        (SHORTCUTS, "round(agreement * len(numbers)) :", ": round(agreement * len(numbers))"),
        (
            SHORTCUTS,
            "marks(numbers, classes, agreement=0.0, seed=seed)",
            "marks(numbers, classes, agreement=0.5, seed=seed)",
        ),
        (SHORTCUTS, 'right["with"] - right["without"]', 'right["without"] - right["with"]'),
        (SHORTCUTS, "max(least(lost), least(swapped)) > drop", "min(least(lost), least(swapped)) > drop"),
        (SHORTCUTS, '"caught": proved', '"caught": proved and suspected'),
        (SHORTCUTS, 'found["exchanged"] == found["other"]', 'found["exchanged"] == numbers'),
        (SHORTCUTS, "max(1.0, radius * size)", "max(2.0, radius * size)"),
        (
            SHORTCUTS,
            "marks(numbers, len(names), agreement=agreement, seed=seed)",
            "marks(numbers, len(names), seed=seed)",
        ),
    ],
    "distillation": [
        (DISTILLED, "weight: float = 1.0, temperature: float = 3.0", "weight: float = 1.0, temperature: float = 2.0"),
        (DISTILLED, "self.temperature**2", "self.temperature"),
        (DISTILLED, "for one in (student, teacher)", "for one in (teacher, student)"),
        (DISTILLED, "(said - soft[0])", "(soft[0] - said)"),
        (DISTILLED, "1.0)) / self.temperature", "1.0)) * self.temperature"),
        (DISTILLED, "keras.ops.mean(apart)", "keras.ops.sum(apart)"),
        (DISTILLED, "1e-7, 1.0", "1e-3, 1.0"),
        (DISTILLED, "        return student\n\n    def compute", "        return teacher\n\n    def compute"),
        (DISTILLED, "if training:", "if not training:"),
        (DISTILLED, "teacher.trainable, teacher.name = False", "teacher.trainable, teacher.name = True"),
        (DISTILLED, "keras.layers.Average(", "keras.layers.Maximum("),
        (DISTILLED, "said[0] if len(said) == 1", "said[0] if len(said) == 2"),
        (DISTILLED, 'dtype="float32"', 'dtype="float16"'),
    ],
}
#: Words of messages, comments and docstrings, and the words of bars.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "training": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (FITTING, 'description: str = "training"', 'description: str = "learning"'),
        (FITTING, 'unit="step"', 'unit="batch"'),
        (LOADING, "# a copy, as every choice of rows", "# every choice of rows is a copy"),
        (DEAD, "If the layer stays dead, begin again", "If the layer stays dead, start again"),
    ],
    "experiments": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (RUNNER, 'f"{experiment.model.name}, split by {split.by}"', 'f"{experiment.model.name} by {split.by}"'),
        (CONFIG, "# strings are taken, and what is kept is never one", "# strings are taken and not kept"),
    ],
    "explain": [
        (HEAT_MAPS, 'desc="occlusion"', 'desc="covering"'),
        (SCORING, "How much of each map lies in its mask.", "What part of each map lies in its mask."),
    ],
    "shortcuts": [("fer_utils/core/errors.py", "Invalid value for", "Wrong value for")],
    "distillation": [(DISTILLED, "at least one trained network", "one trained network or more")],
}
