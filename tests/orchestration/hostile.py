"""Texts that break files, pages and spreadsheets that take them for anything but text."""

from __future__ import annotations

HOSTILE = {
    "comma and quotes": 'A dog, "Rex", runs; it stops, then "barks"',
    "newlines": "A dog runs.\nIt stops.\n\n- then = it barks",
    "formula": '=HYPERLINK("http://a.b","x")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "minus": "-1+2 dogs",
    "quoted formula": "'=1+1",
    "formula behind a semicolon": "a dog;=1+1\t=2",
    "apostrophe": "'Tis a dog, and 'twas a dog's",
    "chinese": "一只红色的狗，向右奔跑。「快」",  # noqa: RUF001
    "emoji": "A dog 🐕‍🦺 runs 👍🏽",
    "script": "</textarea><script>alert('x')</script><img src=x onerror=alert(1)>&amp;{{ 7*7 }}",
    "odd spaces": "A\u00a0dog\u2028runs\u2029\u200f far\x85",
    "json": '{"a": [1, "b"]}\\n',
}
