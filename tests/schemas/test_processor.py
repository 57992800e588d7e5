import pytest

from schemas.processor import is_fast


@pytest.mark.parametrize(
    ("vendor", "flags", "fast"),
    [
        ("vendor_id\t: GenuineIntel", "flags\t\t: avx512f avx512_bf16 amx_bf16 amx_tile", True),
        ("vendor_id\t: GenuineIntel", "flags\t\t: avx512f avx512_bf16 avx512_fp16", False),
        ("vendor_id\t: AuthenticAMD", "flags\t\t: avx512f avx512_bf16", True),
        ("vendor_id\t: AuthenticAMD", "flags\t\t: avx2 fma", False),
        ("CPU implementer\t: 0x41", "Features\t: fp asimd i8mm bf16", True),
        ("CPU implementer\t: 0x41", "Features\t: fp asimd", False),
    ],
)
def test_bfloat16_is_taken_where_its_products_are_faster(vendor, flags, fast):
    cpuinfo = f"processor\t: 0\n{vendor}\nmodel name\t: A bf16 amx_bf16 processor\n{flags}\n"
    assert is_fast(cpuinfo) is fast
