"""What the processor of this machine is good at."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


@cache
def multiplies_bfloat16_fast() -> bool:
    """Say whether matrix products in bfloat16 are faster here than in float32."""
    return is_fast(CPUINFO.read_text()) if CPUINFO.exists() else False


def is_fast(cpuinfo: str) -> bool:
    """Say what Linux's description of a processor means for matrix products in bfloat16.

    An Intel core without AMX takes `avx512_bf16` instructions, but at half the speed of float32:
    166 beside 300 GFLOP/s on two cores with torch 2.13. AMD's (Zen 4 and later) are twice as
    fast at it, cores with AMX seven times.
    """
    words: set[str] = set()
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features", "vendor_id"):
            words.update(value.split())
    is_arm = "asimd" in words and "bf16" in words
    return "amx_bf16" in words or is_arm or {"avx512_bf16", "AuthenticAMD"} <= words
