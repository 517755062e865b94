"""Where a result comes from: digests, versions, the machine, the commit."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.core import processor, provenance


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


def test_outside_a_checkout_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    assert provenance.commit() == ""
