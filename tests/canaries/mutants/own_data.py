"""Edits of data that a reader brings: FER2013, its split, its copies, its study, and words on folders."""

READER = "fer_utils/datasets/fer2013.py"
TABLE = "fer_utils/datasets/fer2013_table.py"
LABELS = "fer_utils/core/labels.py"
KNOWN = "fer_utils/datasets/known_labels.py"
SCANNING = "fer_utils/datasets/scanning.py"
PUBLISHED = "fer_utils/splits/published.py"
COPIES = "fer_utils/splits/exact_copies.py"
CONFIG = "fer_utils/experiments/config.py"
ROWS = "fer_utils/studies/fer2013_rows.py"
CROSS = "fer_utils/experiments/cross_evaluation.py"
CHECK = "fer_utils/experiments/picture_check.py"
METHODS = "fer_utils/studies/fer2013_methods.py"
STUDY = "fer_utils/studies/fer2013.py"

MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "fer2013": [
        (TABLE, '"angry", "disgust", "fearful", "happy"', '"angry", "fearful", "disgust", "happy"'),
        (TABLE, '"sad", "surprised", "neutral")', '"surprised", "sad", "neutral")'),
        (TABLE, "SIDE = 48", "SIDE = 64"),
        (TABLE, '"statement": part,', '"statement": part.lower(),'),
        (TABLE, 'f"fer2013/{part}/{label}-{number}"', 'f"fer2013/{part}/{number}"'),
        (TABLE, "{part}_{number:05d}", "{part}_{number}"),
        (TABLE, "numbered = enumerate(_cells(file.path), start=1)", "numbered = enumerate(_cells(file.path))"),
        (TABLE, "len(grey) != SIDE * SIDE", "len(grey) < SIDE"),
        (TABLE, "cell.strip().strip('\"').lower()", "cell.lower()"),
        (READER, "[0-9]{{1,12}}", "[0-9]{{1,2}}"),
        (READER, "'train' if part == 'Training' else 'test'", "'test' if part == 'Training' else 'train'"),
        (READER, "if tables and not pictures:", "if tables:"),
        (READER, '(said[-1] == "train") == (part == "Training")', '(said[-1] == "test") == (part == "Training")'),
        (READER, "for file in tables[1:]]", "for file in tables[2:]]"),
        (READER, "if file.size == 0:", "if file.size == 1:"),
    ],
    "cross_evaluation": [
        (CROSS, "word if word in labels else by_name", "by_name"),
        (CROSS, "by_name.setdefault(canonical(label) or label, label)", "by_name.setdefault(label, label)"),
        (CROSS, "by_name.get(canonical(word) or word)", "by_name.get(word)"),
        (CROSS, "columns[scores[:, columns].argmax(axis=1)]", "scores[:, columns].argmax(axis=1)"),
        (CROSS, "every, stranger = np.ones(len(rows), bool), met", "every, stranger = met == met, met[::-1]"),
        (CROSS, "interpolation=cv2.INTER_LINEAR", "interpolation=cv2.INTER_NEAREST"),
        (CROSS, 'np.where(who == "", "", _origin(meta) + "/" + who)', 'np.where(who == "", "", who)'),
        (CROSS, 'np.where(names == "", np.char.add', 'np.where(names != "", np.char.add'),
        (CROSS, '    met[np.isin(_clips(asked), clips)] = "clip"\n', ""),
        (CROSS, '    met[np.isin(_people(asked), people)] = "person"\n', ""),
        (CROSS, "met[np.flatnonzero(other)[near]]", "met[np.flatnonzero(other)[equal]]"),
        (CROSS, '    met[~other] = "row"\n', ""),
        (CROSS, '"size", "margin", "align"', '"size", "align"'),
        (CROSS, "if one.get(name) != other.get(name)}", "if one.get(name) == other.get(name)}"),
        (CHECK, "np.union1d(train, experiment.split.validation_rows(face_set.meta))", "np.asarray(train)"),
    ],
    "folder_labels": [
        (LABELS, '"afraid": "fearful"', '"afraid": "sad"'),
        (LABELS, '"anger": "angry"', '"anger": "anger"'),
        (LABELS, '"contemptuous": "contempt"', '"contemptuous": "disgust"'),
        (LABELS, '"disgusted": "disgust"', '"disgusted": "contempt"'),
        (LABELS, '"fear": "fearful"', '"fear": "surprised"'),
        (LABELS, '"happiness": "happy"', '"happiness": "happiness"'),
        (LABELS, '"joy": "happy"', '"joy": "surprised"'),
        (LABELS, '"sadness": "sad"', '"sadness": "neutral"'),
        (LABELS, '"surprise": "surprised"', '"surprise": "happy"'),
        (LABELS, "word.strip().lower()", "word.strip()"),
        (KNOWN, "[canonical(word) or word for", "[canonical(word) for"),
        (KNOWN, "if len(some) > 1", "if len(some) > 2"),
        (KNOWN, 'f"{name}/{actor}" if actor else ""', 'f"{name}/{actor}"'),
        (KNOWN, '[f"{name}/{clip}" for', '[f"{clip}" for'),
        (KNOWN, 'act.endswith(f"/{before}")', 'act.endswith("never")'),
        (SCANNING, "return with_known_labels(folder.scan(root, actor=actor))", "return folder.scan(root, actor=actor)"),
        (KNOWN, 'made = clips.copy()\n    made["expression"]', 'made = clips\n    made["expression"]'),
    ],
    "official_split": [
        (PUBLISHED, '= ("Training", "PublicTest", "PrivateTest")', '= ("Training", "PrivateTest", "PublicTest")'),
        (PUBLISHED, '= ("Training", "PublicTest", "PrivateTest")', '= ("PublicTest", "Training", "PrivateTest")'),
        (PUBLISHED, 'set(meta["dataset"]) - {"fer2013"}', 'set(meta["dataset"]) - {"savee"}'),
        (PUBLISHED, "np.flatnonzero(parts == part)", "np.flatnonzero(parts != part)"),
        (PUBLISHED, "return train, validation, test", "return train, test, validation"),
        (PUBLISHED, "if odd or lacking:", "if odd:"),
        (PUBLISHED, "if odd or lacking:", "if lacking:"),
        (PUBLISHED, "if part not in parts]", "if part in parts]"),
        (
            CONFIG,
            "self._official(meta)[0], self._official(meta)[2]",
            "self._official(meta)[0], self._official(meta)[1]",
        ),
        (CONFIG, "return self._official(meta)[1]", "return self._official(meta)[2]"),
        (CONFIG, 'for name in ("fold", "validation"):', 'for name in ("fold",):'),
        (CONFIG, "or self.by == OFFICIAL", ""),
    ],
    "exact_copies": [
        (COPIES, "return first[of.ravel()]", "return of.ravel()"),
        (COPIES, "return (said > 1)", "return (said > 2)"),
        (COPIES, '"copies": len(first) - pictures', '"copies": len(first) - pictures + 1'),
        (COPIES, "len(np.unique(first[twice]))", "len(first[twice])"),
        (COPIES, '"rows": int(twice.sum())', '"rows": int((~twice).sum())'),
        (COPIES, "expressions != expressions[first]", "expressions == expressions[first]"),
        (COPIES, "len(pairs) - pictures", "len(pairs)"),
        (
            COPIES,
            "np.isin(first[parts[later]], first[parts[earlier]])",
            "np.isin(first[parts[earlier]], first[parts[later]])",
        ),
        (COPIES, "len(rows) - len(np.unique(first[rows]))", "len(np.unique(first[rows]))"),
        (COPIES, "met_elsewhere | two_labels", "met_elsewhere & two_labels"),
        (
            COPIES,
            "met_elsewhere = np.isin(first[train], first[np.asarray(others)])",
            "met_elsewhere = np.isin(train, others)",
        ),
        (COPIES, "train[~(met", "train[(met"),
    ],
    "study.fer2013": [
        (ROWS, "SEEDS = 3", "SEEDS = 2"),
        (ROWS, "SIZE = 48", "SIZE = 64"),
        (ROWS, "(3e-4, 1e-3, 3e-3)", "(3e-4, 1e-3, 1e-2)"),
        (ROWS, '"full": (8100, 225, 3)', '"full": (8100, 225, 4)'),
        (ROWS, "RACE = 2", "RACE = 3"),
        (ROWS, "CELL, COMPONENTS = 6, 200", "CELL, COMPONENTS = 8, 200"),
        (ROWS, "CELL, COMPONENTS = 6, 200", "CELL, COMPONENTS = 6, 20"),
        (ROWS, "EVERY = 4", "EVERY = 2"),
        (ROWS, '"batch_size": 128', '"batch_size": 64'),
        (ROWS, '"augment": 0.5', '"augment": 0.4'),
        (ROWS, 'schedule="plateau"', 'schedule="constant"'),
        (ROWS, 'setting_of="nano", cleaned=True', 'setting_of="nano"'),
        (ROWS, '("people", 65,', '("people", 66,'),
        (ROWS, '("nano, cleaned", "nano"),', ""),
        (METHODS, "np.isin(self.first[self.test], self.first[self.train])", "np.isin(self.test, self.train)"),
        (METHODS, "np.concatenate([self.choose, self.test])", "self.test"),
        (METHODS, "validation=pictures.choose", "validation=pictures.test"),
        (METHODS, 'Split("official")', 'Split("frame", validation=0.2)'),
        (METHODS, "LinearSVC(C=asked.setting", "LinearSVC(C=1.0"),
        (METHODS, "SVC(C=asked.setting, gamma", "SVC(C=10, gamma"),
        (METHODS, "make_pipeline(StandardScaler(), *steps)", "make_pipeline(*steps)"),
        (
            METHODS,
            "scores = training.predict_probabilities(model, np.stack(images)[..., None])[:, place]",
            "scores = training.predict_probabilities(model, np.stack(images)[..., None])",
        ),
        (METHODS, "pictures.without_copies() if row.cleaned", "pictures.face_set if row.cleaned"),
        (METHODS, "kept + HIDDEN + len(LABELS)", "kept"),
        (METHODS, "np.bincount(pictures.targets[pictures.train]).argmax()", "np.bincount(pictures.targets).argmin()"),
        (STUDY, "key=lambda one: (ROWS[one[1]].last, one[0])", "key=lambda one: one[1]"),
        (STUDY, 'np.where(pictures.met, "met", "new")', 'np.where(pictures.met, "new", "met")'),
        (STUDY, "axis=1)[:, :2]", "axis=1)[:, :3]"),
        (STUDY, "int(np.argmax(shares))", "int(np.argmin(shares))"),
        (
            STUDY,
            "_by_picture(by_row[first]), _by_picture(by_row[second])",
            "_by_picture(by_row[second]), _by_picture(by_row[first])",
        ),
        (STUDY, 'found[first]["witness"] and found[second]["witness"]', 'found[first]["witness"]'),
        (STUDY, "np.fill_diagonal(shares, 0)", "pass"),
        (STUDY, "for one in [*some, *tried.values()]), 1)", "for one in some), 1)"),
        (STUDY, "CONFUSIONS, BINS = 5, 15", "CONFUSIONS, BINS = 4, 15"),
        (STUDY, "CONFUSIONS, BINS = 5, 15", "CONFUSIONS, BINS = 5, 10"),
        (STUDY, "return setting_of(records, row.setting_of, tier)", "return RATES[0]"),
    ],
}

#: Words of messages, comments and docstrings.
HARMLESS: dict[str, list[tuple[str, str, str]]] = {
    "fer2013": [
        (TABLE, 'desc="unpacking FER2013"', 'desc="FER2013"'),
        (READER, "Nobody's name is known.", "No names."),
    ],
    "study.fer2013": [
        (STUDY, 'desc="trainings"', 'desc="training"'),
        (METHODS, 'description="ANN on HOG"', 'description="ANN"'),
    ],
}
