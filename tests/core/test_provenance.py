"""Where a result comes from: the code that it reaches, digests, versions and the machine."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core import processor, provenance


def names(modules, **options):
    return {file.relative_to(provenance.PACKAGE).as_posix() for file in provenance.reachable(modules, **options)}


def test_code_is_reached_downwards_only():
    splits = names(["fer_utils.splits"])
    assert {"splits.py", "errors.py"} <= splits
    assert not [
        file for file in splits if file.startswith(("studio/", "faces/", "models/")) or file == "experiments.py"
    ]
    assert names(["fer_utils.core.labels"]) <= {"labels.py", "__init__.py"}
    sources_ = names(["fer_utils.synthetic.stand_ins"])
    assert {
        "sources.py",
        "studio/film.py",
        "studio/render.py",
        "faces/preparation.py",
        "datasets/ravdess.py",
        "paths.py",
    } <= sources_
    assert not [file for file in sources_ if file.startswith("models/")]
    assert {"widgets/parameter_budget.js", "widgets/parameter_budget.css"} <= names(["fer_utils.widgets"])


def test_a_registry_brings_all_its_modules_or_the_one_that_is_named():
    everything = names(["fer_utils.models"])
    assert {"models/ding2023.py", "models/vgg16.py", "models/knn.py"} <= everything
    one = names(["fer_utils.models.ding2023"], registries=False)
    assert "models/ding2023.py" in one and "models/vgg16.py" not in one
    assert "models/__init__.py" in everything and "models/__init__.py" not in one, (
        "a further name there is no change of this network"
    )


@pytest.mark.parametrize(
    "source, found",
    [
        ("from fer_utils import faces", {"fer_utils.faces"}),
        ("import fer_utils\nfer_utils.faces.crop", {"fer_utils.faces"}),
        ("import fer_utils\nfer_utils.predict(1)", {"fer_utils.predict"}),
        ("from fer_utils import predict", {"fer_utils.predict"}),
        ("def later():\n    from fer_utils.models import ding2023", {"fer_utils.models", "fer_utils.models.ding2023"}),
        ("from .errors import invalid", {"fer_utils.core.errors"}),
        ("from . import errors, labels", {"fer_utils.core.errors", "fer_utils.core.labels"}),
        ("import numpy\nfrom pandas import DataFrame", set()),
    ],
)
def test_imports_of_a_text(source, found):
    assert provenance.imports(source, "fer_utils.splits") == found


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package of three modules in which `a` uses `b`, and `c` stands apart."""
    package = tmp_path / "toy"
    package.mkdir()
    for name, text in {"__init__": "", "a": "from . import b\n", "b": "X = 1\n", "c": "Y = 1\n"}.items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(provenance, "PACKAGE", package)
    return package


@pytest.mark.parametrize(
    "file, text, same",
    [
        ("b", "\n# a remark\nX = 1\n\n    # another\n", True),
        ("b", "X = 1   \n", True),
        ("c", "Y = 2\n", True),
        ("b", '"""What it is."""\nX = 1\n', True),
        ("b", '"""What it is,\n\nat length."""\n\n\nX = 1\n', True),
        ("b", '"""What it is."""; X = 2\n', False),
        ("b", 'X = 1\n"""No docstring."""\n', False),
        ("b", "X = 2\n", False),
        ("b", "X = 1\nZ = 1\n", False),
        ("a", "from . import b, c\n", False),
    ],
)
def test_a_fingerprint_sees_code_and_not_remarks(toy, file, text, same):
    before = provenance.code_fingerprint(["toy.a"])
    (toy / f"{file}.py").write_text(text)
    assert (provenance.code_fingerprint(["toy.a"]) == before) is same


def test_docstrings_of_functions_and_classes_do_not_count_either(toy):
    text = 'def f(x):\n    """Ä.\n\n    Much.\n    """\n    return x\n\n\nclass C:\n    """C."""\n    y = f("""not\n    one""")\n'
    (toy / "b.py").write_text(text)
    before = provenance.code_fingerprint(["toy.a"])
    for same, changed in (
        (True, text.replace("Much", "More")),
        (True, text.replace('"""C."""', '"""D\n    E."""')),
        (False, text.replace("not", "but")),
        (False, text.replace("return x", "return -x")),
    ):
        (toy / "b.py").write_text(changed)
        assert (provenance.code_fingerprint(["toy.a"]) == before) is same, changed


def test_digests_depend_on_values_and_not_on_order():
    assert provenance.digest({"a": 1, "b": [2]}) == provenance.digest({"b": [2], "a": 1})
    assert provenance.digest({"a": 1}) != provenance.digest({"a": 2})
    assert len(provenance.digest(None)) == 64


def test_versions_and_machine_are_named():
    import platform

    found = provenance.versions()
    assert found["python"] == platform.python_version() and found["numpy"] == np.__version__
    machine = provenance.hardware()
    assert machine["cores"] >= 1 and machine["processor"] and platform.system() in machine["system"]
    assert set(machine["instruction_sets"]) <= set(processor.INSTRUCTION_SETS)
    assert machine["instruction_sets"] == list(processor.instruction_sets())


@pytest.mark.parametrize(
    "info, name, sets, lacking",
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu sse avx2 fma\n", "AMD EPYC", ["avx2"], True),
        (
            "model name\t: Xeon\nflags\t\t: avx2 avx512f avx512_vnni amx_int8\n",
            "Xeon",
            ["avx2", "avx512f", "avx512_vnni", "amx_int8"],
            False,
        ),
        ("model name\t: Core\nflags\t\t: avx2 avx_vnni avx_vnni_int8\n", "Core", ["avx2", "avx_vnni"], False),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\n", None, ["asimd", "asimddp", "i8mm"], False),
        (None, None, [], False),
    ],
)
def test_instruction_sets_are_read_from_what_linux_says(info, name, sets, lacking, tmp_path, monkeypatch):
    file = tmp_path / "cpuinfo"
    if info is not None:
        file.write_text(info)
    monkeypatch.setattr(processor, "_CPUINFO", file)
    processor._field.cache_clear()
    try:
        machine = provenance.hardware()
        assert machine["instruction_sets"] == sets and processor.lacks_vnni() == lacking
        assert machine["processor"] == name if name else machine["processor"]
        shown = provenance.hardware_in_words(machine | {"cores": 2})
        assert shown == f"{machine['processor']}{' (' + ', '.join(sets) + ')' if sets else ''}, 2 cores"
    finally:
        processor._field.cache_clear()


def test_a_machine_that_was_stored_without_its_instruction_sets_is_still_described():
    assert provenance.hardware_in_words({"processor": "Xeon", "cores": 4, "system": "Linux"}) == "Xeon, 4 cores"


def test_outside_a_checkout_there_is_no_commit(toy):
    assert provenance.commit() == ""


def test_a_door_brings_in_the_house_only_for_those_who_come_through_it(toy):
    (toy / "room").mkdir()
    (toy / "room" / "__init__.py").write_text("from .far import X\n")
    (toy / "room" / "near.py").write_text("Y = 1\n")
    (toy / "room" / "far.py").write_text("X = 1\n")
    (toy / "a.py").write_text("from .room.near import Y\n")
    names = lambda found: sorted(path.relative_to(toy).as_posix() for path in found)  # noqa: E731
    assert names(provenance.reachable(["toy.a"])) == ["a.py", "room/__init__.py", "room/far.py", "room/near.py"]
    assert names(provenance.reachable(["toy.a"], doors=False)) == ["a.py", "room/__init__.py", "room/near.py"]
    before = provenance.digests(["toy.a"])
    (toy / "room" / "far.py").write_text("X = 2\n")
    assert provenance.digests(["toy.a"]) == before
    (toy / "room" / "near.py").write_text("Y = 2\n")
    assert [name for name, one in provenance.digests(["toy.a"]).items() if one != before[name]] == ["room/near.py"]
