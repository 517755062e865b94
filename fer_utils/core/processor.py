"""What the processor of this machine can do, as far as the operating system says."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
import platform

_CPUINFO = Path("/proc/cpuinfo")

#: Instruction sets that decide how fast, and how, engines compute, as Linux writes them; the last four are Arm's.
INSTRUCTION_SETS: tuple[str, ...] = (
    "avx2",
    "avx512f",
    "avx512_vnni",
    "avx_vnni",
    "amx_int8",
    "neon",
    "asimd",
    "asimddp",
    "i8mm",
)
#: Those that multiply 8-bit numbers and add the products in 32 bits, so that nothing overflows.
VNNI: tuple[str, ...] = ("avx512_vnni", "avx_vnni", "amx_int8")


def name() -> str:
    """The processor's name: its model where Linux says it, else what Python knows."""
    return _field("model name") or platform.processor() or platform.machine()


def instruction_sets() -> tuple[str, ...]:
    """Which of `INSTRUCTION_SETS` the processor has, in their order; empty where the system does not say (no Linux)."""
    flags = (_field("flags") or _field("Features")).split()
    return tuple(one for one in INSTRUCTION_SETS if one in flags)


def lacks_vnni() -> bool:
    """True for an x86 processor with AVX2 and without VNNI: 8-bit products of full 8-bit weights can overflow there.

    False for any other processor, and where the system does not say.
    """
    found = instruction_sets()
    return "avx2" in found and not any(one in found for one in VNNI)


@lru_cache(maxsize=4)
def _field(wanted: str) -> str:
    """The first line of ``/proc/cpuinfo`` with this name, without it; "" where there is none."""
    if not _CPUINFO.is_file():
        return ""
    for line in _CPUINFO.read_text(errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == wanted:
            return value.strip()
    return ""
