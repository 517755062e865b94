"""What is asked of real people and faces: on drawn numbers whose answer is known, and on real ones where they are."""

from __future__ import annotations

import hashlib
import json
import socket

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors
from stage_lists import as_stored

from fer_utils.core import labels
from fer_utils.core.errors import FerError
from fer_utils.datasets import feature_tables, ravdess
from fer_utils.studies import human_votes, real_people

COLUMNS = [*feature_tables._INTENSITIES, *feature_tables._PRESENCES]
FAST = ("nearest neighbours", "support vectors")
#: Every protocol, and the references that something is claimed of.
SOME = {
    "twins": ("plain",),
    "twins together": ("plain",),
    "clips": ("plain", "own neutral"),
    "actors": ("plain", "own neutral"),
    "actors, drawn folds": ("plain",),
}


def drawn(signal: float, *, offset: float = 1.0, noise: float = 0.2, seed: int = 1) -> pd.DataFrame:
    """All 1,440 clips in the columns of `load_features`: an actor's own face, a label's mark, a take's noise."""
    rng = np.random.default_rng(seed)
    rows = [
        ravdess.parse(f"01-01-{e:02d}-{i:02d}-{s:02d}-{r:02d}-{a:02d}.mp4")
        for a in range(1, 25)
        for e in range(1, 9)
        for i in (1, 2)[: 1 if e == 1 else 2]
        for s in (1, 2)
        for r in (1, 2)
    ]
    table = pd.DataFrame(rows)[["actor", "sex", "expression", "intensity", "statement", "repetition", "performance"]]
    table.insert(0, "clip", [ravdess.name(row) for row in rows])
    own, mark = rng.normal(0, offset, (24, 35)), rng.normal(0, signal, (8, 35))
    values = own[[int(r["actor"]) - 1 for r in rows]] + mark[[labels.RAVDESS.index(r["expression"]) for r in rows]]
    table[COLUMNS] = values + rng.normal(0, noise, values.shape)
    return table.sort_values("clip", ignore_index=True)


@pytest.fixture
def file_of(tmp_path, monkeypatch):
    """Writes a table as the public file and says that this is what is meant; gives the folder."""

    def write(table: pd.DataFrame):
        raw = table[COLUMNS].assign(
            speech=0, name=[clip.split("/")[-1].removesuffix(".mp4") for clip in table["clip"]], path="", index=0
        )
        data = raw.to_csv(sep=";", index=False).encode()
        source = feature_tables._SOURCES["ravdess_au"]
        monkeypatch.setitem(
            feature_tables._SOURCES, "ravdess_au", source._replace(sha256=hashlib.sha256(data).hexdigest())
        )
        (tmp_path / source.file).write_bytes(data)
        return tmp_path

    return write


# --- what is taken away from a clip ---------------------------------------------------------------


def one_actor() -> pd.DataFrame:
    """Repetition 1: neutral 1 and 3, happy 10; repetition 2: neutral 5 and 7, happy 20."""
    table = pd.DataFrame(
        {"actor": "01", "expression": ["neutral", "neutral", "happy"] * 2, "repetition": [1, 1, 1, 2, 2, 2]}
    )
    return table.assign(AU01_r=[1.0, 3.0, 10.0, 5.0, 7.0, 20.0])


@pytest.mark.parametrize(
    "reference, wanted",
    [
        ("plain", [1, 3, 10, 5, 7, 20]),
        ("own neutral", [1 - 6, 3 - 6, 10 - 6, 5 - 2, 7 - 2, 20 - 2]),
        ("own neutral, itself included", [1 - 4, 3 - 4, 10 - 4, 5 - 4, 7 - 4, 20 - 4]),
        ("own mean", [1 - 32 / 3, 3 - 32 / 3, 10 - 32 / 3, 5 - 14 / 3, 7 - 14 / 3, 20 - 14 / 3]),
        ("own mean and spread", (np.array([1, 3, 10, 5, 7, 20]) - 46 / 6) / np.std([1, 3, 10, 5, 7, 20])),
        (
            "own mean and spread, other clips",
            np.concatenate(
                [
                    (np.array([1, 3, 10]) - 32 / 3) / np.std([5, 7, 20]),
                    (np.array([5, 7, 20]) - 14 / 3) / np.std([1, 3, 10]),
                ]
            ),
        ),
    ],
)
def test_references_by_hand(reference, wanted):
    assert real_people.referred(one_actor(), reference)[:, 0] == pytest.approx(np.asarray(wanted, float))


@pytest.mark.parametrize(
    "reference, share", [("own neutral", 1.0), ("own mean", 1.0), ("own neutral, itself included", 0.75)]
)
def test_whether_a_clip_is_part_of_what_is_taken_away_from_it(reference, share):
    table = drawn(1.0)
    before = real_people.referred(table, reference)
    row = int(np.flatnonzero(table["expression"] == "neutral")[10])
    table.loc[row, COLUMNS] += 8.0
    assert real_people.referred(table, reference)[row] - before[row] == pytest.approx(np.full(35, 8.0 * share))


@pytest.mark.parametrize("reference", [name for name in real_people.REFERENCES if name != "plain"])
def test_an_actors_own_face_is_gone(reference):
    """With and without a face at rest of one's own, what is left is the same."""
    with_own, without = (real_people.referred(drawn(1.0, offset=offset), reference) for offset in (5.0, 0.0))
    assert np.allclose(with_own, without)


# --- who trains and who tests ---------------------------------------------------------------------


class Memory:
    """Knows by heart what it was trained with, within the twins' noise; what it has not seen it calls neutral."""

    def fit(self, values, true):
        self.seen, self.true = NearestNeighbors(n_neighbors=1).fit(values), true
        return self

    def predict(self, values):
        distance, nearest = self.seen.kneighbors(values)
        return np.where(distance[:, 0] < 0.02, self.true[nearest[:, 0]], 0)


def asked_of_a_memory(protocol):
    table = drawn(0.0, noise=1.0)
    true = table["expression"].map(labels.RAVDESS.index).to_numpy(np.int64)
    answers, trained = real_people._tested(table[COLUMNS].to_numpy(), true, table, protocol, lambda seed: Memory(), 0)
    return answers, trained, true


def test_a_memory_knows_a_copy_exactly_when_its_twin_was_in_training():
    answers, trained, true = asked_of_a_memory("twins")
    assert answers.shape == (2, 1440) and trained.mean() == pytest.approx(0.8, abs=0.03)
    acted = np.broadcast_to(true != 0, answers.shape)
    assert ((answers == true)[acted] == trained[acted]).all()


@pytest.mark.parametrize("protocol", ["twins together", "clips", "actors", "actors, drawn folds"])
def test_a_memory_knows_nothing_where_no_twin_trains(protocol):
    answers, trained, _ = asked_of_a_memory(protocol)
    assert (answers == 0).all()
    if protocol == "twins together":
        assert not trained.any()


@pytest.mark.parametrize("protocol", list(real_people.PROTOCOLS))
def test_everybody_tests_once_and_the_folds_keep_apart_what_they_say(protocol):
    table = drawn(1.0).assign(dataset="ravdess")
    copies = pd.concat([table, table], ignore_index=True) if protocol.startswith("twins") else table
    made = list(real_people._folds(copies, protocol, 3))
    assert len(made) == 5 and sorted(np.concatenate([test for _, test in made])) == list(range(len(copies)))
    shared = {
        unit: [len(set(copies[unit].iloc[train]) & set(copies[unit].iloc[test])) for train, test in made]
        for unit in ("clip", "actor")
    }
    assert all(n > 0 for n in shared["clip"]) == (protocol == "twins")
    assert all(n == 0 for n in shared["actor"]) == protocol.startswith("actors")
    if protocol != "twins":
        assert not any(shared["clip"])


# --- the whole answer -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def small(file_of, kept):
    """A small answer on drawn features, made once."""
    if not kept:
        folder = file_of(drawn(0.45, offset=3.0, noise=0.8))
        with as_stored("real_people"):
            kept.update(real_people.answer("smoke", folder=folder, progress=False, models=FAST, asked=SOME))
    return kept


def test_the_split_and_ones_own_neutral_decide_where_actors_differ(small):
    """Actors whose faces at rest differ by far more than the labels do; so the answers are known."""
    made = small
    rate = {
        (row["protocol"], row["reference"]): row["accuracy"]["value"]
        for row in made["rows"]
        if row["model"] == "support vectors"
    }
    assert (
        rate["twins", "plain"] > rate["clips", "plain"] + 0.05
        and rate["clips", "plain"] > rate["actors", "plain"] + 0.1
    )
    assert abs(rate["twins together", "plain"] - rate["clips", "plain"]) < 0.05
    assert rate["actors", "own neutral"] > rate["actors", "plain"] + 0.1
    twins = real_people.pick(made["rows"], protocol="twins", reference="plain", model="support vectors")
    assert twins["twin_trained"]["value"] > twins["twin_tested"]["value"] + 0.05
    mixed = (
        twins["twin_trained_share"] * twins["twin_trained"]["value"]
        + (1 - twins["twin_trained_share"]) * twins["twin_tested"]["value"]
    )
    assert mixed == pytest.approx(twins["accuracy"]["value"], abs=1e-4)


def test_an_answer_agrees_with_itself(small):
    table, made = drawn(0.45, offset=3.0, noise=0.8), small
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert (
        made["labels"] == list(labels.RAVDESS)
        and made["actors"] == [f"{n:02d}" for n in range(1, 25)]
        and made["chance"] == pytest.approx(192 / 1440, abs=1e-6)
    )
    assert {"sha256", "licence", "citation", "url"} <= set(made["source"]) and made["source"]["features"] == 35
    assert [(r["protocol"], r["reference"], r["model"]) for r in made["rows"]] == [
        (p, r, m) for p, references in SOME.items() for r in references for m in FAST
    ]
    for row in made["rows"]:
        matrix, copies = np.array(row["confusion"]), 2 if row["protocol"].startswith("twins") else 1
        assert (
            matrix.sum() == row["n"] == 1440 * copies
            and (matrix.sum(axis=1) == copies * np.array([96] + [192] * 7)).all()
        )
        assert (
            row["accuracy"]["value"] == pytest.approx(np.trace(matrix) / row["n"], abs=1e-5)
            and row["accuracy"]["groups"] == 24
        )
        assert row["accuracy"]["low"] <= row["accuracy"]["value"] <= row["accuracy"]["high"]
        assert np.mean(row["people"]) == pytest.approx(row["accuracy"]["value"], abs=1e-5) == np.mean(row["seeds"])
        weights = matrix.sum(axis=1)[1:]
        assert row["others"]["value"] == pytest.approx(
            np.average(list(row["recall"].values())[1:], weights=weights), abs=1e-5
        )
    rate = {(r["protocol"], r["reference"], r["model"]): r["accuracy"]["value"] for r in made["rows"]}
    for pair in made["models"]:
        assert pair["value"] == pytest.approx(
            rate[pair["protocol"], pair["reference"], pair["second"]]
            - rate[pair["protocol"], pair["reference"], pair["first"]],
            abs=2e-5,
        )
    for pair in made["protocols"]:
        assert pair["value"] == pytest.approx(
            rate[pair["second"], pair["reference"], pair["model"]]
            - rate[pair["first"], pair["reference"], pair["model"]],
            abs=2e-5,
        )
    for pair in made["references"]:
        assert pair["value"] == pytest.approx(
            rate[pair["protocol"], pair["second"], pair["model"]] - rate[pair["protocol"], "plain", pair["model"]],
            abs=2e-5,
        )
    pairs = [*made["models"], *made["protocols"], *made["references"]]
    assert len(made["models"]) == len(made["rows"]) // 2 and all(
        0 <= pair["p"] <= 1 and pair["low"] <= pair["value"] <= pair["high"] for pair in pairs
    )
    (brow, lips) = made["profiles"]
    mine = table[(table["actor"] == "07") & (table["expression"] == "angry")]["AU04_r"].mean()
    assert brow["unit"] == "AU04_r" and brow["posed"][6] == pytest.approx(mine, abs=1e-4) and len(lips["neutral"]) == 24


def test_the_same_question_gets_the_same_answer_and_seeds_differ(file_of):
    folder = file_of(drawn(0.45, offset=3.0, noise=0.8))

    def ask():
        return real_people.answer(
            "smoke",
            folder=folder,
            progress=False,
            seeds=2,
            trees=3,
            models=("forest",),
            asked={"clips": ("plain",), "actors": ("plain",)},
        )

    first = ask()
    assert first == ask()
    assert all(len(set(row["seeds"])) == 2 for row in first["rows"]) and first["rows"][0]["n"] == 2880
    assert first["configuration"]["models"] == {"forest": "random forest of 3 trees"} and first["models"] == []


@pytest.mark.parametrize(
    "options, word",
    [
        ({"models": ("support vectors", "oracle")}, "`models`.*oracle"),
        ({"models": ()}, "`models`"),
        ({"asked": {"by luck": ("plain",)}}, "`asked`.*by luck"),
        ({"asked": {"clips": ("fancy",)}}, "`asked`.*fancy"),
        ({"seeds": 0}, "`seeds`"),
        ({"trees": 1.5}, "`trees`"),
        ({"folder": "nowhere"}, "`folder`"),
    ],
)
def test_bad_arguments(options, word):
    with pytest.raises(FerError, match=word):
        real_people.answer("smoke", progress=False, **options)


def test_pick_wants_exactly_one():
    rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    assert real_people.pick(rows, a=1, b=2) is rows[1]
    for wanted in ({"a": 1}, {"a": 3}, {"c": 1}):
        with pytest.raises(FerError, match="`wanted`"):
            real_people.pick(rows, **wanted)


# --- where neither file nor network is ------------------------------------------------------------


def test_without_file_and_network_nothing_is_asked_again_and_the_reason_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("FER_DATA", raising=False)
    monkeypatch.setenv("FER_HOME", str(tmp_path / "store"))
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(feature_tables, "_BASE", f"http://127.0.0.1:{taken.getsockname()[1]}")
        made, why = real_people.live("class", progress=False)
    assert made is None and "no network" in why and "\n" not in why
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    made, why = real_people.live("class", progress=False)
    assert made is None and "`FER_DATA`" in why


def test_at_smoke_size_no_network_is_asked(monkeypatch):
    monkeypatch.delenv("FER_DATA", raising=False)
    monkeypatch.setattr(real_people, "load_features", lambda *a, **k: pytest.fail("the features were asked for"))
    made, why = real_people.live("smoke", progress=False)
    assert made is None and "smoke" in why


def test_where_the_file_is_the_question_is_asked_again(file_of, monkeypatch):
    monkeypatch.setenv("FER_DATA", str(file_of(drawn(0.45, offset=3.0, noise=0.8))))
    made, why = real_people.live("smoke", progress=False)
    assert why == "" and [(row["model"], row["protocol"]) for row in made["rows"]] == [
        ("support vectors", p) for p in ("twins", "clips", "actors")
    ]


# --- the real ones --------------------------------------------------------------------------------


def test_the_real_features(shared_data):
    """The first look's numbers, within what folds, seeds and other versions of scikit-learn change."""
    made = real_people.answer(
        "smoke",
        folder=shared_data,
        progress=False,
        models=FAST,
        asked={"twins": ("plain",), "clips": ("plain",), "actors": ("plain", "own mean and spread")},
    )
    rate = {(r["protocol"], r["reference"], r["model"]): r["accuracy"]["value"] for r in made["rows"]}
    for protocol, reference, model, wanted in [
        ("clips", "plain", "support vectors", 0.768),
        ("actors", "plain", "support vectors", 0.580),
        ("twins", "plain", "support vectors", 0.938),
        ("clips", "plain", "nearest neighbours", 0.700),
        ("actors", "plain", "nearest neighbours", 0.483),
        ("twins", "plain", "nearest neighbours", 0.782),
        ("actors", "own mean and spread", "support vectors", 0.682),
    ]:
        assert rate[protocol, reference, model] == pytest.approx(wanted, abs=0.025), (protocol, reference, model)
    gap = real_people.pick(
        made["protocols"], first="actors", second="twins", model="support vectors", reference="plain"
    )
    assert gap["low"] > 0.25 and gap["p"] < 1e-6


def kept_answer(name):
    from fer_utils import studies

    try:
        return studies.load(name).answer
    except FerError as error:
        pytest.skip(f"nothing to compare with: {error}")


def test_the_stored_answer_holds_when_it_is_asked_again(shared_data):
    stored = kept_answer("real_people")
    again, _ = real_people.live("class", folder=shared_data, progress=False)
    assert stored["source"] == again["source"]
    for row in again["rows"]:
        kept = real_people.pick(stored["rows"], model=row["model"], protocol=row["protocol"], reference="plain")
        assert kept["accuracy"]["low"] <= row["accuracy"]["value"] <= kept["accuracy"]["high"], row["protocol"]


def test_the_stored_answer_is_whole():
    stored = kept_answer("real_people")
    assert [(r["protocol"], r["reference"], r["model"]) for r in stored["rows"]] == [
        (p, r, m) for p, references in real_people.ASKED.items() for r in references for m in real_people.MODELS
    ]
    assert stored["configuration"]["seeds"] == [0, 1, 2, 3, 4] and stored["configuration"]["trees"] == 400


# --- what people see ------------------------------------------------------------------------------


def test_ceilings_by_hand():
    made = human_votes.ceilings(np.array([[2, 0], [1, 1]]), ["x", "y"], np.array([0, 0]))
    value = {name: part["value"] for name, part in made.items() if isinstance(part, dict)}
    # Two who agree, and two who do not: the other's label is right for both, then for none.
    assert value == {"agreement": 0.5, "best": 0.75, "others": 0.5, "majority": 0.75}
    assert made["ties"] == 1 and made["kappa"] == pytest.approx((0.5 - 0.625) / (1 - 0.625))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), kinds=st.integers(2, 6), clips=st.integers(1, 6))
def test_ceilings_against_counting_voter_by_voter(seed, kinds, clips):
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(rng.integers(2, 9), np.full(kinds, 1 / kinds), size=clips)
    made = human_votes.ceilings(counts, np.arange(clips).astype(str))
    agree, named = [], []
    for row in counts:
        voters = np.repeat(np.arange(kinds), row)
        agree.append(np.mean([a == b for i, a in enumerate(voters) for j, b in enumerate(voters) if i != j]))
        hits = []
        for i, mine in enumerate(voters):
            rest = np.bincount(np.delete(voters, i), minlength=kinds)
            leaders = np.flatnonzero(rest == rest.max())
            hits.append((mine in leaders) / len(leaders))
        named.append(np.mean(hits))
    assert made["agreement"]["value"] == pytest.approx(np.mean(agree)) and made["others"]["value"] == pytest.approx(
        np.mean(named)
    )
    assert made["others"]["value"] <= made["best"]["value"] + 1e-12


def drawn_votes() -> bytes:
    """Two actors, each sad once: one that two of three read, with the voice all three; one that nobody reads."""
    lines = ['"","A","D","F","H","N","S","fileName","numResponses"']
    for way, one, two in [
        ("1", "0,0,0,0,3,0", "0,0,0,0,3,0"),
        ("2", "0,0,0,0,1,2", "3,0,0,0,0,0"),
        ("3", "0,0,0,0,0,3", "0,0,0,3,0,0"),
    ]:
        lines += [f'"{way}00001",{one},"1001_IEO_SAD_HI",3', f'"{way}00002",{two},"1002_IEO_SAD_LO",3']
    return ("\n".join(lines) + "\n").encode()


def test_votes_by_hand(tmp_path, monkeypatch):
    source = feature_tables._SOURCES["crema_d_votes"]
    monkeypatch.setitem(
        feature_tables._SOURCES, "crema_d_votes", source._replace(sha256=hashlib.sha256(drawn_votes()).hexdigest())
    )
    (tmp_path / source.file).write_bytes(drawn_votes())
    with as_stored("human_votes"):
        made = human_votes.answer(folder=tmp_path, progress=False)
    assert json.loads(json.dumps(made, allow_nan=False)) == made and made == human_votes.answer(
        "full", folder=tmp_path, progress=False
    )
    face = made["shown"]["face"]
    assert (
        face["accuracy"]["value"] == pytest.approx(2 / 6)
        and face["people"] == [0.0, pytest.approx(2 / 3)]
        and face["votes_a_clip"] == [3, 3.0, 3]
    )
    assert face["recall"] == {
        "neutral": None,
        "happy": None,
        "sad": pytest.approx(2 / 6),
        "angry": None,
        "fearful": None,
        "disgust": None,
    }
    assert np.array(face["confusion"])[labels.CREMA_D.index("sad")].tolist() == [1, 0, 2, 3, 0, 0]
    assert (
        face["levels"]["high"]["value"] == pytest.approx(2 / 3)
        and face["levels"]["low"]["value"] == 0.0
        and face["levels"]["medium"] is None
    )
    assert face["majority"]["value"] == 0.5 and made["shown"]["both"]["accuracy"]["value"] == 0.5
    assert [pair["value"] for pair in made["gains"]] == [pytest.approx(1 / 3), pytest.approx(1 / 6)]


def test_the_real_votes(shared_data):
    made = human_votes.answer(folder=shared_data, progress=False)
    assert json.loads(json.dumps(made)) == made
    share = {way: part["accuracy"]["value"] for way, part in made["shown"].items()}
    assert share == {
        "voice": pytest.approx(0.400, abs=5e-4),
        "face": pytest.approx(0.574, abs=5e-4),
        "both": pytest.approx(0.631, abs=5e-4),
    }
    face = made["shown"]["face"]
    assert (
        face["accuracy"]["groups"] == 91
        and (round(face["people"][0], 2), round(face["people"][-1], 2)) == (0.33, 0.78)
        and face["votes"] == 71654
    )
    assert {label: round(100 * value) for label, value in face["recall"].items()} == {
        "neutral": 72,
        "happy": 88,
        "sad": 32,
        "angry": 57,
        "fearful": 44,
        "disgust": 54,
    }
    from fer_utils.reporting import literature

    assert (
        face["confusion"] == literature.crema_d_votes().to_numpy().tolist()
        and list(literature.crema_d_votes().index) == made["labels"]
    )
    low, medium, high = (face["levels"][name] for name in human_votes.LEVELS)
    assert low["high"] < medium["low"] and medium["high"] < high["low"]
    assert face["agreement"]["value"] < face["others"]["value"] < face["best"]["value"]
    stored = kept_answer("human_votes")
    assert stored["source"] == made["source"] and stored["shown"]["face"]["confusion"] == face["confusion"]
    assert stored["shown"]["face"]["others"] == pytest.approx(face["others"])
