"""Chinese prose from the fields of a caption. Pure."""

# ruff: noqa: RUF001

from __future__ import annotations

import re
from random import Random

from captioner.caption import StructuredCaption, Subject
from captioner.gating.loops import split_words

_NUMBERS = "零一两三四五六七八九十"
_MEASURES = (
    (re.compile(r"[狗猫鸟鸡鸭羊兔虎狮猴熊蝶蜂手]$"), "只"),
    (re.compile(r"[人男女孩子者员手家师]$"), "个"),
    (re.compile(r"[车]$"), "辆"),
    (re.compile(r"[树花草]$"), "棵"),
    (re.compile(r"[马]$"), "匹"),
    (re.compile(r"[鱼河路蛇]$"), "条"),
    (re.compile(r"[船]$"), "艘"),
)


def compose_chinese(caption: StructuredCaption, length: str, rng: Random) -> str:
    """Return sentences made of the fields, nothing added."""
    named: set[int] = set()
    events = [event.text for event in sorted(caption.events, key=lambda event: event.start_s)]
    deeds = list(
        dict.fromkeys(_plain(text) for text in (*events, *caption.actions) if text.strip())
    )
    deeds = deeds[: {"short": 1, "medium": 2}.get(length, 12)]
    clauses = [_clause(deed, caption.subjects, named) for deed in deeds]
    left = [one for i, one in enumerate(caption.subjects) if i not in named]
    place = _plain(caption.setting)
    place_first = bool(place) and rng.random() < 0.6
    if not clauses and left:
        clauses = [f"画面中有{'、'.join(_who(one) for one in left[:2])}"]
        left = left[2:]
    if clauses and place_first:
        clauses[0] = f"{place if place.startswith('在') else f'在{place}'}，{clauses[0]}"
    if len(clauses) > 1 and events:
        clauses[1:] = [f"{rng.choice(('然后', '接着', '随后'))}{one}" for one in clauses[1:]]
    sentences = list(clauses)
    if length != "short" or not sentences:
        extras = []
        if left:
            extras.append(f"还有{'、'.join(_who(one) for one in left)}")
        if place and not (clauses and place_first):
            extras.append(f"背景是{place.removeprefix('在')}")
        if caption.camera:
            camera = _plain(caption.camera)
            extras.append(camera if camera.startswith(("镜头", "相机")) else f"镜头{camera}")
        if caption.light:
            light = _plain(caption.light)
            link = "是" if light.endswith("光") else ""
            extras.append(light if "光" in light[:3] else f"光线{link}{light}")
        if caption.style:
            extras.append(f"画面风格为{_plain(caption.style)}")
        if length == "long":
            rng.shuffle(extras)
            extras += [f"{one.subject}{one.relation}{one.object}" for one in caption.relations]
            if caption.text_on_screen:
                quoted = "、".join(f"“{text}”" for text in caption.text_on_screen)
                extras.append(f"画面上的文字是{quoted}")
        sentences += extras if length == "long" else extras[:2]
    return "".join(f"{sentence}。" for sentence in sentences)


def _who(subject: Subject) -> str:
    looks = "、".join(_plain(word).removesuffix("的") for word in subject.attributes[:3])
    many = next((one for one in ("几", "许多", "多个", "一群") if one in looks), "")
    measure = next((word for sign, word in _MEASURES if sign.search(subject.name)), "个")
    number = subject.count
    amount = _NUMBERS[number] if number <= 10 else str(number)
    head = "" if many or _starts_with_number(subject.name) else f"{amount}{measure}"
    return f"{head}{looks}{'的' if looks else ''}{subject.name}"


def _clause(deed: str, subjects: tuple[Subject, ...], named: set[int]) -> str:
    for i, subject in enumerate(subjects):
        if i not in named and deed.startswith(subject.name):
            named.add(i)
            return _who(subject) + deed[len(subject.name) :]
    for i, subject in enumerate(subjects):
        if subject.name in deed:
            named.add(i)
    return deed


def _starts_with_number(name: str) -> bool:
    return bool(re.match(r"[一二两三四五六七八九十\d]+[个只辆棵匹条艘名位]", name))


def _plain(text: str) -> str:
    return text.strip().strip("。.，, ") if split_words(text) else ""
