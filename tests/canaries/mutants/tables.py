"""Edits of tables and numbers: names of files, features, splits, near-duplicates, metrics, the audit, timing."""

DATASETS = "fer_utils/datasets"
RAVDESS = f"{DATASETS}/ravdess.py"
SAVEE = f"{DATASETS}/savee.py"
MEAD = f"{DATASETS}/mead.py"
CREMA_D = f"{DATASETS}/crema_d.py"
FOLDER = f"{DATASETS}/folder.py"
SUBJECTS = f"{DATASETS}/subjects.py"
FILES = f"{DATASETS}/files.py"
FEATURES = f"{DATASETS}/feature_tables.py"
LABELS = "fer_utils/core/labels.py"
SPLITTING = "fer_utils/splits/splitting.py"
LEAKAGE = "fer_utils/splits/leakage_checks.py"
NEAR = "fer_utils/splits/near_duplicates.py"
LIKENESS = "fer_utils/splits/likeness.py"
BOOTSTRAP = "fer_utils/metrics/bootstrap.py"
CLASSIFICATION = "fer_utils/metrics/classification.py"
EVALUATION = "fer_utils/metrics/evaluation.py"
RELIABILITY = "fer_utils/metrics/reliability.py"
SIGNIFICANCE = "fer_utils/metrics/significance.py"
AUDITING = "fer_utils/fairness/auditing.py"
PLANNING = "fer_utils/fairness/planning.py"
PLANTED = "fer_utils/fairness/planted_bias.py"
TIMING = "fer_utils/core/timing.py"
RUNNING = "fer_utils/compress/running.py"
SPARSE = "fer_utils/compress/sparse.py"

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "datasets": [
        (RAVDESS, ') % 2 else "female"', ') % 2 == 0 else "female"'),
        (RAVDESS, "codes['actor']}/{act}", "codes['actor']}/{codes['modality']}-{act}"),
        (RAVDESS, 'codes["intensity"] != "01"', 'codes["intensity"] == "01"'),
        (RAVDESS, "enumerate(RAVDESS, start=1)", "enumerate(RAVDESS, start=2)"),
        (SAVEE, 'return 30 if expression == "neutral" else 15', "return 15"),
        (SAVEE, '"sa": "sad"', '"sa": "surprised"'),
        (SAVEE, '"repetition": 1,', '"repetition": 2,'),
        (MEAD, 'found["actor"][0] == "M"', 'found["actor"][0] == "W"'),
        (MEAD, "LEVELS = (1, 2, 3)", "LEVELS = (1, 2)"),
        (MEAD, '"disgusted": "disgust"', '"disgusted": "angry"'),
        (CREMA_D, '"MD": 2, "HI": 3', '"MD": 3, "HI": 2'),
        (CREMA_D, 'if level == "X":', 'if level == "XX":'),
        (CREMA_D, '("1076", "neutral"): 1', '("1076", "neutral"): 2'),
        (FOLDER, '"expression": folders[-1]', '"expression": folders[0]'),
        (FOLDER, "if count != 3)", "if count > 3)"),
        (SUBJECTS, '"HL": "half_left"', '"HL": "half_right"'),
        (SUBJECTS, '{"A": 1, "B": 2}', '{"A": 2, "B": 1}'),
        (FILES, "size == 0:", "size == 1:"),
        (LABELS, '"fear": "fearful"', '"fear": "sad"'),
    ],
    "feature_tables": [
        (FEATURES, '_r" for unit in (1, 2, 4, 5,', '_r" for unit in (1, 2, 5, 4,'),
        (FEATURES, "26, 28, 45))", "26, 45))"),
        (FEATURES, '"1": "voice", "2": "face"', '"1": "face", "2": "voice"'),
        (FEATURES, '"FEA": "fearful"', '"FEA": "angry"'),
        (FEATURES, '"D": "disgust", "F": "fearful"', '"D": "fearful", "F": "disgust"'),
        (FEATURES, '"LO": "low"', '"LO": "medium"'),
        (FEATURES, "raw.iloc[:, 0].str[0]", "raw.iloc[:, 0].str[-1]"),
        (FEATURES, "counts]].sum(axis=1)", "counts]].max(axis=1)"),
        (FEATURES, 'sort_values(["clip", "modality"], ', 'sort_values(["modality", "clip"], '),
        (FEATURES, 'table.sort_values("clip", ignore_index=True)', "table"),
        (FEATURES, '"actor": part[0]', '"actor": part[1]'),
        (FEATURES, '"intensity", "statement", "repetition"', '"statement", "intensity", "repetition"'),
        (FEATURES, "1658cd342dff90010aa843eaeebd53610a08b1dc", "1658cd342dff90010aa843eaeebd53610a08b1dd"),
    ],
    "splits": [
        (SPLITTING, '("02", "05", "14", "15", "16")', '("02", "05", "14", "15", "17")'),
        (SPLITTING, "exact - quota", "exact + quota"),
        (SPLITTING, "position % k for", "position // k for"),
        (SPLITTING, "~np.isin(actors, group)", "np.isin(actors, group)"),
        (SPLITTING, "made if len(test)]", "made if len(train)]"),
        (SPLITTING, "<= 1, ids", "<= 0, ids"),
        (SPLITTING, 'meta["dataset"].astype(str) + "/" + ids', "ids"),
        (SPLITTING, "test: float = 0.2", "test: float = 0.25"),
        (SPLITTING, '| (meta[by].astype(str) == "")', ""),
        (SPLITTING, "1, len(labels) - 1))", "1, len(labels)))"),
        (LEAKAGE, "hit / len(test) if", "hit / len(train) if"),
        (LEAKAGE, "np.isin(units[test], shared).sum()", "len(shared)"),
        (LEAKAGE, "shared[:5]", "shared[:4]"),
        (
            LEAKAGE,
            'clips[partners] != clips[row]] if level == "performance"',
            'clips[partners] != clips[row]] if level == "actor"',
        ),
        (LEAKAGE, "else partners)[0], row", "else partners)[-1], row"),
        (LEAKAGE, "near: bool = True", "near: bool = False"),
        (LEAKAGE, "others < 1", "others < 2"),
        (LEAKAGE, "np.r_[train, test]].sum()", "test].sum()"),
        (LEAKAGE, 'dataset == "folder" and str(', 'dataset == "folder" or str('),
        (LEAKAGE, "unknown = unknown | np.array(own, bool)", "unknown = np.array(own, bool)"),
        (LEAKAGE, 'if level == "performance" else rows_without', 'if level == "actor" else rows_without'),
    ],
    "near_duplicates": [
        (NEAR, "LEAST_LIKENESS = 0.96", "LEAST_LIKENESS = 0.95"),
        (NEAR, "_LEAST_CORRELATION = 0.72", "_LEAST_CORRELATION = 0.9"),
        (NEAR, "for right in (-1, 0, 1)]", "for right in (0, 1)]"),
        (NEAR, "(coarse, coarse[:, :, ::-1])", "(coarse, coarse[:, ::-1])"),
        (NEAR, "first < second if later", "first <= second if later"),
        (NEAR, "near = alike >= least", "near = alike >= least - 0.05"),
        (NEAR, "leader[max(one, other)] = min(one, other)", "leader[second] = first"),
        (NEAR, "order = np.lexsort((second, first))", "order = np.arange(len(first))"),
        (NEAR, "np.add.at(count, first, many[second])", "np.add.at(count, first, 1)"),
        (
            NEAR,
            "earliest[trained], many[trained] = train[first_of], copies",
            "earliest[trained], many[trained] = trained, copies",
        ),
        (LIKENESS, "SIDE, COARSE = 48, 16", "SIDE, COARSE = 48, 12"),
        (LIKENESS, "(1.0, 3.0, 4.5)", "(1.0, 4.0, 4.5)"),
        (LIKENESS, "(0.5, 6.0, 9.0)", "(0.5, 5.0, 9.0)"),
        (LIKENESS, "_LEAST_CONTRAST = 4.0", "_LEAST_CONTRAST = 8.0"),
        (LIKENESS, "_MOST_MOVED, _ROOM = 6, 4", "_MOST_MOVED, _ROOM = 5, 4"),
        (LIKENESS, "_LEAST_PATTERN = 0.3", "_LEAST_PATTERN = 0.6"),
        (LIKENESS, "_BESIDE = [(down, right) for down in (-1, 0, 1)", "_BESIDE = [(down, right) for down in (0,)"),
        (LIKENESS, "_PROMISING = 0.8", "_PROMISING = 0.95"),
        (LIKENESS, "images.mean(axis=3, dtype=np.float32)", "images[..., 0].astype(np.float32)"),
        (LIKENESS, "axis=1, keepdims=True), 1)", "axis=1, keepdims=True), 20)"),
        (LIKENESS, "top, left = _ROOM - down // 2", "top, left = _ROOM"),
        (LIKENESS, "np.sqrt(_blurred(detail**2, around))", "np.sqrt(_blurred(detail**2, broader))"),
    ],
    "metrics": [
        (BOOTSTRAP, "tail = (1 - level) / 2", "tail = 1 - level"),
        (BOOTSTRAP, ".multinomial(groups, ", ".multinomial(2 * groups, "),
        (BOOTSTRAP, "drawn - _drawn_means", "drawn + _drawn_means"),
        (BOOTSTRAP, "[0.025, 0.975]", "[0.05, 0.95]"),
        (BOOTSTRAP, "gain.sum() / size.sum()", "(gain / size).mean()"),
        (BOOTSTRAP, "weights * values, len(names)", "values, len(names)"),
        (BOOTSTRAP, "resamples: int = 2000", "resamples: int = 1000"),
        (CLASSIFICATION, "true * classes + predicted", "predicted * classes + true"),
        (CLASSIFICATION, "present = matrix.sum(axis=1) > 0", "present = matrix.sum(axis=1) >= 0"),
        (
            CLASSIFICATION,
            "denominator = matrix.sum(axis=0) + matrix.sum(axis=1)",
            "denominator = 2 * matrix.sum(axis=1)",
        ),
        (CLASSIFICATION, "rows = matrix.sum(axis=1)", "rows = matrix.sum(axis=0)"),
        (EVALUATION, "matrix.sum(axis=1).max()", "matrix.sum(axis=0).max()"),
        (EVALUATION, "macro_f1, seed=seed", "accuracy, seed=seed"),
        (RELIABILITY, "np.ceil(confidence * bins - 1e-9)", "np.floor(confidence * bins)"),
        (RELIABILITY, "confidence * bins - 1e-9", "confidence * bins + 1e-9"),
        (RELIABILITY, "np.abs(drawn[..., 1] - drawn[..., 2])", "(drawn[..., 1] - drawn[..., 2])"),
        (RELIABILITY, "return (drawn[..., 1] - drawn[..., 2])", "return (drawn[..., 2] - drawn[..., 1])"),
        (RELIABILITY, "bins: int = 15", "bins: int = 10"),
        (SIGNIFICANCE, "np.abs(totals) >= abs(", "np.abs(totals) > abs("),
        (SIGNIFICANCE, 'method="holm"', 'method="bonferroni"'),
        (SIGNIFICANCE, "2.0 ** (1 - len(names))", "2.0 ** -len(names)"),
        (SIGNIFICANCE, "- (first == true))", "+ (first == true))"),
    ],
    "audit": [
        (AUDITING, "MIN_GAP = 0.05", "MIN_GAP = 0.03"),
        (AUDITING, "MIN_PEOPLE = 5", "MIN_PEOPLE = 4"),
        (AUDITING, "abs(self.gap) >= min_gap", "self.gap >= min_gap"),
        (AUDITING, "as_large = np.ones(len(inside))", "as_large = np.zeros(len(inside))"),
        (AUDITING, "as_large / (permutations + 1)", "as_large / permutations"),
        (AUDITING, 'answers["condition"] == BASELINE] if', 'answers["condition"] != BASELINE] if'),
        (AUDITING, "if len(set(of)) == 2 else value", "if len(set(of)) == 1 else value"),
        (AUDITING, "np.rint(1000 * one.differences)", "np.rint(10 * one.differences)"),
        (AUDITING, "min(len(one.values), len(one.rest)) < min_people", "len(one.values) < min_people"),
        (AUDITING, "holm(list(by_test.values()))", "list(by_test.values())"),
        (AUDITING, "differences=here - there", "differences=there - here"),
        (AUDITING, "rng.choice((-1, 1), len", "rng.choice((1, 1), len"),
        (AUDITING, 'joined[outcome] - joined[f"{outcome}_first"]', 'joined[f"{outcome}_first"] - joined[outcome]'),
        (PLANNING, "1 - alpha / 2 / whole_number", "1 - alpha / whole_number"),
        (PLANNING, "np.abs(apart - gap) > z", "np.abs(apart) > z"),
        (PLANNING, "one.var(axis=1, ddof=1)", "one.var(axis=1, ddof=0)"),
        (PLANTED, "values: Iterable = (8, 9, 10)", "values: Iterable = (9, 10)"),
        (PLANTED, "if label != old[here[0]]", "if label"),
        (PLANTED, "rows = theirs[np.isin(clip[theirs]", "rows = theirs[~np.isin(clip[theirs]"),
        (
            PLANTED,
            "pool = rows[old[rows] == label], others[old[others] == label]",
            "pool = rows[old[rows] == label], others",
        ),
        (PLANTED, ".assign(actor=actors)", ""),
        (PLANTED, "round(share * len(names))", "int(share * len(names))"),
    ],
    "timing": [
        (TIMING, "repeats: int = 30", "repeats: int = 20"),
        (TIMING, "warmup: int = 3", "warmup: int = 1"),
        (TIMING, "range(-warmup, repeats)", "range(repeats)"),
        (TIMING, "(25, 50, 75)", "(5, 50, 95)"),
        (TIMING, "reference / seconds", "seconds / reference"),
        (TIMING, "np.median(reference / seconds, axis=0)", "np.mean(reference / seconds, axis=0)"),
        (TIMING, "np.median(reference / seconds, axis=0)", "np.median(reference) / np.median(seconds, axis=0)"),
        (TIMING, "names[0] if baseline is None", "names[-1] if baseline is None"),
        (TIMING, "np.maximum(seconds, 1e-9)", "np.maximum(seconds, 1e-3)"),
        (TIMING, "seconds * 1e3", "seconds * 1e6"),
        (TIMING, "spent = measured(inputs)", "spent = measured(inputs) * 2"),
        (RUNNING, "(vote == other).mean()", "(vote != other).mean()"),
        (RUNNING, "images[:1],", "images,"),
        (SPARSE, "SHARES = (0.0, 0.25", "SHARES = (0.0, 0.3"),
        (SPARSE, 'structured=way == "filters"', 'structured=way != "filters"'),
    ],
}
#: Words of messages, comments and docstrings, and a bar's words.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "datasets": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (RAVDESS, "there is no face in it", "it shows nobody"),
        (CREMA_D, "the set's own slip", "a slip of the set's"),
    ],
    "feature_tables": [(FEATURES, "The names that ``load_features`` takes", "What ``load_features`` takes")],
    "splits": [
        (SPLITTING, "Deal the units like cards", "Units are dealt like cards"),
        (LEAKAGE, "Which rows stand for each other on", "Rows that stand for each other on"),
        (LEAKAGE, "progress: bool = True", "progress: bool = False"),
    ],
    "near_duplicates": [(NEAR, '"comparing pictures", progress', '"compared", progress')],
    "metrics": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (SIGNIFICANCE, "Whether ``second`` is right more", "If ``second`` is right more"),
    ],
    "audit": [
        ("fer_utils/core/errors.py", "Invalid value for", "Wrong value for"),
        (AUDITING, "NaN is below nothing", "nothing is above NaN"),
    ],
    "timing": [(TIMING, 'desc="timing"', 'desc="measuring"')],
}
