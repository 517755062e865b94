"""Edits of the networks, of how they are counted, made smaller, written to files, and used."""

MODELS = "fer_utils/models"
PARTS = f"{MODELS}/_parts.py"
APPLICATIONS = f"{MODELS}/_applications.py"
DING = f"{MODELS}/ding2023.py"
NANO = f"{MODELS}/nano.py"
LIGHT = f"{MODELS}/mobilenet_inception2019.py"
XCEPTION = f"{MODELS}/xception2022.py"
VGG = f"{MODELS}/vgg16.py"
ALEXNET = f"{MODELS}/alexnet.py"
DENSENET = f"{MODELS}/densenet161.py"
RESNET = f"{MODELS}/resnet50.py"
KNN = f"{MODELS}/knn.py"
LSTM = f"{MODELS}/landmark_lstm.py"
CONTRAST = "fer_utils/models/contrast.py"
HOG = f"{MODELS}/hog.py"
DISTANCES = f"{MODELS}/distances.py"
PROFILE = f"{MODELS}/_profile.py"
PRUNING = "fer_utils/compress/pruning.py"
FILTERS = "fer_utils/compress/filters.py"
CONVERTING = "fer_utils/compress/converting.py"
EXPORTING = "fer_utils/compress/exporting.py"
SELF_TEST = "fer_utils/compress/self_test.py"
FACES_MADE = "fer_utils/inference/face_settings.py"
PREDICTOR = "fer_utils/inference/predictor.py"
ASKED = "fer_utils/inference/networks.py"
TRACKING = "fer_utils/live/tracking.py"
SMOOTHING = "fer_utils/live/smoothing.py"
WATCHER = "fer_utils/live/watcher.py"

#: What the networks of ``keras.applications`` share.
_SHARED: list[tuple[str, str, str]] = [
    (APPLICATIONS, "MOMENTUM = 0.9", "MOMENTUM = 0.99"),
    (APPLICATIONS, 'pooling="avg"', 'pooling="max"'),
    (PARTS, "offset=-1.0", "offset=-0.5"),
]

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "model.ding2023": [
        (DING, "dropout: tuple[float, float, float] = (0.3, 0.3, 0.3)", "dropout: tuple = (0.3, 0.3, 0.5)"),
        (DING, 'initializer: str = "he_normal"', 'initializer: str = "glorot_uniform"'),
        (DING, "conditioned: bool = True", "conditioned: bool = False"),
        (DING, "axis=(1, 2, 3), center", "axis=(1, 2), center"),
        (DING, "zip((filters, 4 * filters,", "zip((filters, 2 * filters,"),
        (DING, 'activation="relu"', 'activation="elu"'),
        (DING, "keras.layers.MaxPooling2D(pool", "keras.layers.AveragePooling2D(pool"),
        (DING, 'initializer="zeros" if conditioned else', 'initializer="zeros" if not conditioned else'),
        (DING, "None if dense else penalty", "penalty"),
        (DING, "kernel_constraint=zero_mean() if conditioned else None", "kernel_constraint=None"),
        (DING, "(36 * filters + 1)", "(36 * filters)"),
        (DING, 'padding == "same" else 2', 'padding == "same" else 1'),
        (f"{MODELS}/constraints.py", "axis=0", "axis=1"),
        (PARTS, "Rescaling(1 / 255", "Rescaling(1 / 256"),
    ],
    "model.nano": [
        (NANO, "(16, 32, 48, 64)", "(16, 32, 64, 64)"),
        (NANO, "depth: int = 2", "depth: int = 3"),
        (NANO, 'pooling: str = "weighted"', 'pooling: str = "average"'),
        (NANO, "dropout: float = 0.2", "dropout: float = 0.25"),
        (NANO, "_MOMENTUM = 0.9", "_MOMENTUM = 0.99"),
        (NANO, 'depthwise_initializer="he_normal"', 'depthwise_initializer="glorot_uniform"'),
        (NANO, '"use_bias": not normalise', '"use_bias": True'),
        (NANO, 'f"{name}_depthwise", relu=False)', 'f"{name}_depthwise")'),
        (NANO, "strides=2,", "strides=1,"),
        (NANO, '_1", strides=2)', '_1", strides=1)'),
        (NANO, "keras.layers.Add(", "keras.layers.Average("),
        (NANO, "1.0 / (side[0] * side[1])", "1.0 / side[0]"),
        (NANO, "keras.layers.GlobalAveragePooling2D", "keras.layers.GlobalMaxPooling2D"),
        (NANO, "Conv2D(width, 3,", "Conv2D(width, 5,"),
    ],
    "model.mobilenet_inception2019": [
        (LIGHT, "(1, 16, 1, 1)", "(2, 16, 1, 1)"),
        (LIGHT, "(6, 24, 2, 2)", "(6, 24, 2, 1)"),
        (LIGHT, "(6, 64, 4, 2)", "(6, 64, 3, 2)"),
        (LIGHT, "_MOMENTUM = 0.9", "_MOMENTUM = 0.99"),
        (LIGHT, "max_value=6.0, name", "max_value=None, name"),
        (LIGHT, "AveragePooling2D(2,", "MaxPooling2D(2,"),
        (LIGHT, "keras.layers.MaxPooling2D(3,", "keras.layers.AveragePooling2D(3,"),
        (LIGHT, '_project", relu=False)', '_project")'),
        (LIGHT, "keras.layers.Add(name", "keras.layers.Average(name"),
        (LIGHT, "features: int = 512", "features: int = 256"),
        (LIGHT, "dropout: float = 0.2", "dropout: float = 0.5"),
        (LIGHT, "round(8 * width)", "round(4 * width)"),
        (LIGHT, "nearest < 0.9 * channels", "nearest < 0.8 * channels"),
        (LIGHT, "int(channels + 4) // 8", "int(channels) // 8"),
    ],
    "model.xception2022": [
        (XCEPTION, "_MOMENTUM = 0.9", "_MOMENTUM = 0.99"),
        (XCEPTION, "range(1, 9)", "range(1, 8)"),
        (XCEPTION, "symmetric=True", "symmetric=False"),
        (XCEPTION, "first_relu=number > 1", "first_relu=True"),
        (XCEPTION, "dropout: float = 0.5", "dropout: float = 0.4"),
    ],
    "model.mobilenetv2": [*_SHARED, (f"{MODELS}/mobilenetv2.py", '"MobileNetV2", ', '"MobileNet", ')],
    "model.inceptionv3": [*_SHARED, (APPLICATIONS, "symmetric=True", "symmetric=False")],
    "model.inception_resnetv2": [
        *_SHARED,
        (f"{MODELS}/inception_resnetv2.py", '"InceptionResNetV2", ', '"InceptionV3", '),
    ],
    "model.resnet50": [
        (RESNET, "keras.applications.ResNet50(", "keras.applications.ResNet50V2("),
        (RESNET, 'pooling="avg"', 'pooling="max"'),
        (RESNET, "scaled_input(input_shape)", "scaled_input(input_shape, symmetric=True)"),
        (PARTS, 'activation="softmax"', 'activation="sigmoid"'),
    ],
    "model.vgg16": [
        (VGG, "(3, 256)", "(2, 256)"),
        (VGG, 'activation="relu"', 'activation="elu"'),
        (VGG, 'kernel_initializer="he_normal"', 'kernel_initializer="glorot_uniform"'),
        (VGG, "dropout: float = 0.5", "dropout: float = 0.4"),
    ],
    "model.alexnet": [
        (ALEXNET, "96, 11, 1, strides=4", "96, 11, 1, strides=3"),
        (ALEXNET, "256, 5, 2, padding", "256, 3, 2, padding"),
        (ALEXNET, 'MaxPooling2D(3, strides=2, name="pool2")', 'MaxPooling2D(2, strides=2, name="pool2")'),
        (ALEXNET, 'kernel_initializer="he_normal"', 'kernel_initializer="glorot_uniform"'),
    ],
    "model.densenet161": [
        (DENSENET, "4 * growth", "2 * growth"),
        (DENSENET, "BLOCKS = (6, 12, 36, 24)", "BLOCKS = (6, 12, 32, 24)"),
        (DENSENET, "keras.layers.AveragePooling2D", "keras.layers.MaxPooling2D"),
        (DENSENET, "x.shape[-1] // 2, 1", "x.shape[-1] // 4, 1"),
    ],
    "model.knn": [
        (KNN, "_NEARER = 1e-3", "_NEARER = 1e-2"),
        (
            KNN,
            "k: int = 5,\n    cell: int = 20,\n    bins: int = 9,\n)",
            "k: int = 3,\n    cell: int = 20,\n    bins: int = 9,\n)",
        ),
        (KNN, "ops.transpose(references)) - squares", "ops.transpose(references)) + squares"),
        (KNN, "ops.top_k(nearness", "ops.top_k(-nearness"),
        (KNN, "np.arange(k - 1, -1, -1", "np.arange(0, k, 1"),
        (KNN, "weights / weights.sum()", "weights / k"),
        (KNN, "leave=1)", "leave=0)"),
        (KNN, "min(self.k, len(labels) - 1)", "min(1, len(labels) - 1)"),
        (KNN, "-np.log(right).mean()", "-np.log10(right).mean()"),
        (KNN, "return self.references * length", "return length"),
        (KNN, "answers.argmax(axis=1)", "answers.argmin(axis=1)"),
        (HOG, "CAP = 0.2", "CAP = 0.02"),
    ],
    "model.landmark_lstm": [
        (LSTM, "63_178_760, 122", "63_178_760, 120"),
        (LSTM, "units: tuple[int, ...] = (2048, 2048)", "units: tuple[int, ...] = (2048, 1024)"),
        (LSTM, "distances: int = 1052", "distances: int = 1050"),
        (LSTM, "4 * u * (d + u + 1)", "4 * u * (d + u)"),
        (LSTM, "return_sequences=whole or not last", "return_sequences=whole or last"),
        (LSTM, 'activation="relu"', 'activation="tanh"'),
        (LSTM, "keras.layers.LSTM(width", "keras.layers.GRU(width"),
        (LSTM, "dropout: float = 0.0", "dropout: float = 0.2"),
        (LSTM, "if dropout:", "if not dropout:"),
        (LSTM, "keras.layers.Dropout(dropout", "keras.layers.Dropout(dropout / 2"),
        (LSTM, "range(4, 13)", "range(4, 12)"),
        (LSTM, "1 <= number <= most_distances", "1 <= number < most_distances // 2"),
        (LSTM, "(frames if whole else 1)", "(1 if whole else frames)"),
    ],
    "model.contrast": [
        (
            CONTRAST,
            'FIRST: tuple[str, ...] = ("contrast", "gradients", "learned")',
            'FIRST: tuple[str, ...] = ("gradients", "contrast", "learned")',
        ),
        (CONTRAST, "LEARNED_MAPS, LEARNED_SIDE = 8, 5", "LEARNED_MAPS, LEARNED_SIDE = 8, 3"),
        (CONTRAST, "LEARNED_MAPS, LEARNED_SIDE, strides=2", "LEARNED_MAPS, LEARNED_SIDE, strides=1"),
        (CONTRAST, "Rescaling(1 / 255", "Rescaling(1 / 128"),
        (CONTRAST, "QUIET = 0.02", "QUIET = 0.05"),
        (CONTRAST, "LEAST = 0.5", "LEAST = 0.4"),
        (CONTRAST, "FLAT = 1e-3", "FLAT = 1e-2"),
        (CONTRAST, "mean_around: int = 13", "mean_around: int = 11"),
        (CONTRAST, "_around(apart * apart, self.spread_around)", "_around(apart * apart, self.mean_around)"),
        (CONTRAST, "apart = levels - _around(levels, self.mean_around)", "apart = levels"),
        (CONTRAST, "bins: int = 8, cell: int = 2, around: int = 5", "bins: int = 8, cell: int = 2, around: int = 3"),
        (CONTRAST, 'mode="symmetric"', 'mode="constant"'),
        (CONTRAST, "across * across - down * down", "across * across + down * down"),
        (CONTRAST, "2.0 * across * down / length", "across * down / length"),
        (CONTRAST, "turn = 2.0 * math.pi", "turn = math.pi"),
        (CONTRAST, "(along - LEAST * length)", "(along)"),
        (CONTRAST, "cells / ops.sqrt(", "cells * ops.sqrt("),
        (CONTRAST, "max(1, widths[0] // 2), 3, strides=2", "max(1, widths[0]), 3, strides=2"),
        (CONTRAST, "dropout: float = 0.5", "dropout: float = 0.4"),
        (CONTRAST, "if number < len(widths):", "if number <= len(widths):"),
        (CONTRAST, 'first == "gradients"', 'first != "gradients"'),
        (CONTRAST, "widths: Iterable[int] = (32, 48, 64)", "widths: Iterable[int] = (32, 48, 48)"),
    ],
    "model.hog": [
        (HOG, "BLOCK = 2", "BLOCK = 3"),
        (HOG, "CAP = 0.2", "CAP = 0.3"),
        (HOG, "side // cell - BLOCK + 1", "side // cell - BLOCK + 2"),
        (HOG, 'mode="symmetric"', 'mode="reflect"'),
        (HOG, "across * across + down * down", "across * across"),
        (HOG, "ops.arctan2(down, across)", "ops.arctan2(across, down)"),
        (HOG, "bins) - 0.5", "bins)"),
        (HOG, "ops.minimum(apart, bins - apart)", "apart"),
        (HOG, "1.0 - apart, 0.0", "2.0 - apart, 0.0"),
        (HOG, "ops.average_pool", "ops.max_pool"),
        (HOG, "ops.minimum(_unit(blocks), CAP)", "ops.minimum(blocks, CAP)"),
        (HOG, "ops.reshape(_unit(blocks)", "ops.reshape(blocks"),
        (HOG, "ops.mean(ops.cast", "ops.max(ops.cast"),
    ],
    "model.distances": [
        (DISTANCES, "(36, 45)", "(36, 42)"),
        (DISTANCES, "points * (points - 1) // 2", "points * (points + 1) // 2"),
        (DISTANCES, "points: int = 68", "points: int = 51"),
        (DISTANCES, "triu_indices(68, 1)", "triu_indices(68, 2)"),
        (DISTANCES, "points[:, first] - points[:, second]", "points[:, first] + points[:, second]"),
        (DISTANCES, "axis=2) / unit[:, None]", "axis=2) / unit.mean()"),
        (DISTANCES, "axis=2) / unit[:, None]", "axis=2) / unit[:, None] ** 2"),
        (DISTANCES, "axis=2) / unit", "axis=2, ord=1) / unit"),
        (DISTANCES, "(unit == 0).any()", "(unit == 0).all()"),
        (DISTANCES, "not np.isfinite(points).all()", "not np.isfinite(points).any()"),
        (DISTANCES, "astype(np.float32)", "astype(np.float16)"),
    ],
    "profile": [
        (PROFILE, "bytes=4 * parameters", "bytes=2 * parameters"),
        (PROFILE, "else 4 * _peak(model)", "else 2 * _peak(model)"),
        (PROFILE, "return given[0] * (", "return 1 * ("),
        (PROFILE, " + math.prod(layer.cell.recurrent_kernel.shape)", ""),
        (PROFILE, "layer.kernel.shape) * math.prod(output[:-1])", "layer.kernel.shape)"),
        (PROFILE, " + math.prod(layer.pointwise_kernel.shape)", ""),
        (PROFILE, "return kernels * math.prod(spatial)", "return kernels * spatial[0]"),
        (PROFILE, "first = id(layer) not in seen", "first = True"),
        (PROFILE, "model.trainable_variables", "model.variables"),
        (PROFILE, '    "Flatten",\n', ""),
        (PROFILE, "dies.get(tensor, -1) > number", "dies.get(tensor, -1) >= number"),
        (PROFILE, "in (*made, *read)}", "in made}"),
        (PROFILE, "for depth in sorted(nodes, reverse=True)", "for depth in sorted(nodes)"),
        (KNN, "return self.references * length", "return length"),
    ],
    "pruning": [
        (PRUNING, "round(share * values.size)", "int(share * values.size)"),
        (PRUNING, "np.abs(values.ravel())", "values.ravel()"),
        (PRUNING, 'scope == "layer"', 'scope == "global"'),
        (PRUNING, '("kernel", "depthwise_kernel", "pointwise_kernel")', '("kernel", "depthwise_kernel")'),
        (PRUNING, "(array == 0).sum()", "(array <= 0).sum()"),
        (PRUNING, "ramp: float = 0.75", "ramp: float = 0.5"),
        (PRUNING, "(1.0 - done) ** 3", "(1.0 - done) ** 2"),
        (PRUNING, "self._step % self.every == 0", "self._step % self.every == 1"),
        (PRUNING, "1.0 if last else min(", "0.5 if last else min("),
        (PRUNING, "(self._start - self.sparsity)", "(0 - self.sparsity)"),
        (PRUNING, "self.steps is not None and self._step", "self.steps is None and self._step"),
        (FILTERS, "taken / mean if mean > 0", "taken if mean > 0"),
        (FILTERS, "taken = channels.strength * norms", "taken = norms"),
        (FILTERS, "round(share * len(roots))", "int(share * len(roots) / 2)"),
        (FILTERS, "stay = {max(", "stay = {min("),
        (FILTERS, "self.score.get(name, 0.0) + value", "self.score.get(name, 0.0) - value"),
    ],
    "export": [
        (EXPORTING, "_CHECKED_IMAGES = 32", "_CHECKED_IMAGES = 8"),
        (EXPORTING, "self_tests.attach(first, format, test)", "first"),
        (EXPORTING, "self_tests.TOLERANCE[quantize]", "2 * self_tests.TOLERANCE[quantize]"),
        (CONVERTING, "[tf.lite.Optimize.DEFAULT]", "[]"),
        (CONVERTING, "per_channel=True", "per_channel=False"),
        (CONVERTING, "reduce_range=weight_bits == 7", "reduce_range=weight_bits == 8"),
        (CONVERTING, "QuantFormat.QDQ", "QuantFormat.QOperator"),
        (CONVERTING, 'node.op_type == "Softmax"', 'node.op_type == "Sigmoid"'),
        (CONVERTING, "values.size < 16", "values.size < 256"),
        (CONVERTING, "weight_type=quantization.QuantType.QUInt8", "weight_type=quantization.QuantType.QInt8"),
        (SELF_TEST, "y // 4 + x // 4", "y // 8 + x // 8"),
    ],
    "inference": [
        (FACES_MADE, '"dlib", 6, 0.0, "even"', '"haar", 6, 0.0, "even"'),
        (FACES_MADE, '"dlib", 6, 0.0, "even"', '"dlib", 6, 0.1, "even"'),
        (FACES_MADE, '"dlib", 6, 0.0, "even"', '"dlib", 5, 0.0, "even"'),
        (FACES_MADE, "max(side, learned", "min(side, learned"),
        (FACES_MADE, "SAMPLING if every and frames", "SAMPLING if every"),
        (FACES_MADE, "before[name] != value", "before[name] == value"),
        (PREDICTOR, "boxes = cleaned(boxes)", "boxes = cleaned(boxes)[:1]"),
        (PREDICTOR, "boxes = cleaned(boxes)", "boxes = cleaned(boxes)[::-1]"),
        (PREDICTOR, "[box], settings)", "[boxes[0]], settings)"),
        (FACES_MADE, 'learned.get("margin", MARGIN) if margin is None else margin', 'learned.get("margin", MARGIN)'),
        (PREDICTOR, "scores.argmax(axis=1)", "scores.argmin(axis=1)"),
        (PREDICTOR, "scores[:, place]", "scores[:, -place]"),
        (PREDICTOR, "box.x, box.y, box.w", "box.y, box.x, box.w"),
        (ASKED, "astype(np.float32)\n", "astype(np.float32) / 255\n"),
    ],
    "live": [
        (TRACKING, "POINTS, INNER = 6, 0.7", "POINTS, INNER = 6, 1.4"),
        (TRACKING, "GROWTH = 1.1", "GROWTH = 1.01"),
        (TRACKING, "24, 0.8, 0.9", "24, 0.8, 2.0"),
        (TRACKING, "self.every // 3", "self.every // 1"),
        (TRACKING, "track.lost > self.lost", "track.lost >= self.lost"),
        (TRACKING, "every: int = 10, lost", "every: int = 8, lost"),
        (TRACKING, "np.median(after - before, axis=0)", "np.max(after - before, axis=0)"),
        (TRACKING, "BACK, ENOUGH = 1.0, 0.55", "BACK, ENOUGH = 1.0, 1.1"),
        (TRACKING, "np.linspace(0.5 - INNER / 2", "np.linspace(0.5 - INNER"),
        (TRACKING, "w, h = w * growth, h * growth", "w, h = w / growth, h / growth"),
        (SMOOTHING, "TIME_CONSTANT = 0.25", "TIME_CONSTANT = 0.2"),
        (SMOOTHING, "math.exp(-passed / self.time_constant)", "math.exp(-2 * passed / self.time_constant)"),
        (SMOOTHING, "length = times[-1] - times[0]", "length = times[-1]  + times[1]"),
        (SMOOTHING, "best, found = (a * b).sum() / size, shift * step", "best, found = (a * b).sum(), shift * step"),
        (WATCHER, "every: int = 10", "every: int = 8"),
        (WATCHER, "Smoother(self.smoothing)", "Smoother(self.smoothing / 2)"),
        (WATCHER, "[track.box], self.settings", "[tracks[0].box], self.settings"),
        (WATCHER, "if not track.lost]", "if track.lost < 2]"),
    ],
}
#: A word of a message, and words of docstrings and comments.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "model.ding2023": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (DING, "Parameters of the network, in closed form", "The network's parameters, in closed form"),
    ],
    "model.nano": [(NANO, "A network of this book's own.", "This book's own network.")],
    "model.mobilenet_inception2019": [(LIGHT, "# linear: no ReLU", "# linear, without ReLU")],
    "model.xception2022": [(XCEPTION, "lags for hundreds", "trails for hundreds")],
    "model.mobilenetv2": [(APPLICATIONS, "without pretrained weights.", "without weights.")],
    "model.resnet50": [(RESNET, "the rival with the fewest", "that with the fewest")],
    "model.vgg16": [(VGG, "Convolutions and their filters", "How many convolutions and filters")],
    "model.alexnet": [(ALEXNET, "five convolutions, two dense", "convolutions, two dense")],
    "model.knn": [(KNN, 'desc="describing"', 'desc="described"'), (KNN, "a tie goes to", "ties go to")],
    "model.landmark_lstm": [(LSTM, "The plain widths that are tried", "Widths that are tried")],
    "model.contrast": [(CONTRAST, "an edge that ends is no edge", "no edge ends there")],
    "model.hog": [(HOG, "an edge that ends is no edge", "no edge ends there")],
    "model.distances": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (DISTANCES, "How many pairs of points", "The number of pairs of points"),
    ],
    "profile": [
        (PROFILE, 'multiply-accumulates, "\n', 'multiplications, "\n'),
        (PROFILE, "Most numbers alive at once", "How many numbers live at once"),
    ],
    "pruning": [
        (PRUNING, "a share in [0, 1)", "a share of 0 or more"),
        (FILTERS, "so it is not given out", "so it stays here"),
    ],
    "export": [(EXPORTING, "converter lost some", "converter left some out")],
    "inference": [
        (PREDICTOR, 'desc="faces"', 'desc="found"'),
        (ASKED, "Train one: python", "Make one: python"),
    ],
    "live": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (TRACKING, "Move every box with what is in it", "Boxes move with what is in them"),
    ],
}
