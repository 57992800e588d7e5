"""Good captions for the measurement of the gate: of real life and of the world, two languages.

Real life is a grammar of its own, with none of the renderer's or the composer's words.
"""

# ruff: noqa: RUF001

from __future__ import annotations

from random import Random

from captioner.caption import Event, Inference, Relation, StructuredCaption, Subject
from pipeline.world.rushes_world import RushesWorld
from schemas.wording.render import render

DURATION_S = 8.0
"""Of every clip here."""

_PEOPLE_WORDS = (
    "man woman boy girl chef cyclist farmer nurse surfer dancer fisherman potter welder "
    "teacher barista gardener skier runner violinist mechanic"
)
_PEOPLE = _PEOPLE_WORDS.split()
_ANIMALS_WORDS = "dog cat horse goat swan parrot elephant squirrel sheepdog heron"
_ANIMALS = _ANIMALS_WORDS.split()
_LOOKS = (
    ("in a red jacket", "red jacket"),
    ("in a striped apron", "striped apron"),
    ("with short grey hair", "short grey hair"),
    ("in a yellow raincoat", "yellow raincoat"),
    ("wearing round glasses", "round glasses"),
    ("with a braided ponytail", "braided ponytail"),
    ("in a white shirt and dark trousers", "white shirt"),
    ("with a leather satchel", "leather satchel"),
    ("in muddy boots", "muddy boots"),
    ("wearing a knitted hat", "knitted hat"),
)
_COATS = ("spotted", "black", "white", "ginger", "long-haired", "young", "grey", "brown")
_DEEDS = (
    ("chops carrots on a wooden board", "slides the pieces into a steel pan"),
    ("pedals up a gravel road", "stands on the pedals near the crest"),
    ("pours milk into a glass", "sets the bottle back on the counter"),
    ("kneels beside a bed of tulips", "pulls weeds and drops them into a bucket"),
    ("lifts a heavy crate onto a truck", "wipes dust off both hands"),
    ("draws a bow across the strings", "nods to someone outside the frame"),
    ("turns a wet clay bowl on the wheel", "smooths its rim with a sponge"),
    ("casts a line from the pier", "reels it in again empty"),
    ("folds blue towels into a pile", "carries them through a door"),
    ("climbs a ladder against the barn", "hammers two nails into a plank"),
    ("reads a newspaper at a round table", "turns the page and sips coffee"),
    ("ties a boat to an iron ring", "walks off along the quay"),
)
_ANIMAL_DEEDS = (
    ("trots along the fence", "stops to sniff a post"),
    ("drinks from a tin bowl", "licks its nose"),
    ("shakes water off its coat", "lies down in the shade"),
    ("nibbles at a fallen apple", "looks up at a passing tractor"),
    ("crosses a shallow stream", "climbs the far bank"),
    ("scratches at the bark of a pine", "vanishes behind the trunk"),
)
_PLACES = (
    "a narrow kitchen with tiled walls",
    "a harbour full of small boats",
    "an orchard in late summer",
    "a snowy car park",
    "a workshop hung with tools",
    "a rooftop above the old town",
    "a wide meadow under heavy clouds",
    "a crowded night market",
    "the hall of a railway station",
    "a gravel lane between hedges",
    "a bright classroom",
    "the bank of a slow brown river",
    "a studio with a grey backdrop",
    "an empty swimming pool",
)
_CAMERAS = (
    ("The camera stays where it is.", "static, medium shot"),
    ("The camera pans slowly to the left.", "pans slowly to the left"),
    ("A handheld camera follows from behind.", "handheld, follows from behind"),
    ("The view tightens to a close-up of the hands.", "zooms in to a close-up"),
    ("It is filmed from high above, drifting forward.", "aerial view, drifts forward"),
    ("The camera tilts up from the ground to the sky.", "tilts up"),
    ("The frame trembles a little as the camera backs away.", "moves backward, slightly shaky"),
    ("Seen from a low angle, the foreground is out of focus.", "low angle, shallow focus"),
)
_LIGHTS = (
    ("Low sun comes in from the right.", "low sun from the right"),
    ("The light is grey and even.", "overcast, even"),
    ("A single lamp leaves the corners dark.", "one lamp, dark corners"),
    ("Strip lights throw a cold greenish tint.", "cold strip lights"),
    ("Long shadows fall across the ground.", "late sun, long shadows"),
    ("Neon signs colour everything pink and blue.", "neon, pink and blue"),
)
_STYLES = (
    "photographic, muted colours",
    "grainy black-and-white",
    "documentary, natural colours",
    "hand-drawn animation, pastel",
    "saturated, high contrast",
)
_SIGNS = ("EXIT", "Café Roma", "24h", "出口", "NO PARKING", "Bäckerei", "I'm sorry, we're closed")
_THINGS = ("bench", "table", "stack of crates", "blue van", "stone wall", "glass door", "fountain")
_ASIDES = (
    "In the background, two people talk without looking over.",
    "A bicycle leans against the wall at the left edge.",
    "Steam rises and drifts out of the picture.",
    "Three pigeons peck at crumbs near the front.",
    "A flag flaps on a pole far behind.",
    "Dust hangs in the air.",
    "Somebody's shadow passes over the floor from right to left.",
    "To the right stands a row of potted plants, half of them dry.",
)


def draw_good(rng: Random, language: str = "en") -> StructuredCaption:
    """Return a caption of real life that has nothing wrong with it."""
    return _draw_chinese(rng) if language == "zh" else _draw_english(rng)


def draw_world(seed: int, language: str = "en") -> StructuredCaption:
    """Return a caption of a world scene, in the renderer's words; Chinese has no long ones."""
    _, facts = RushesWorld().draw(
        seed=seed, split="train", width_px=32, height_px=32, num_frames=8, fps=4
    )
    if language == "zh":
        medium = render(facts, length="medium", language="zh", seed=seed)
        short = render(facts, length="short", language="zh", seed=seed)
        return StructuredCaption(short=short, medium=medium, long=medium)
    long = render(facts, length="very_long" if seed % 5 == 0 else "long", seed=seed)
    return StructuredCaption(
        short=render(facts, length="short", seed=seed),
        medium=render(facts, length="medium", seed=seed),
        long=long,
    )


def _draw_english(rng: Random) -> StructuredCaption:
    is_animal = rng.random() < 0.35
    place = rng.choice(_PLACES)
    place_words = ("on " if "rooftop" in place or "bank" in place else "in ") + place
    if is_animal:
        name, coat = rng.choice(_ANIMALS), rng.choice(_COATS)
        who, look = f"{coat} {name}", (coat,)
        first, second = rng.choice(_ANIMAL_DEEDS)
    else:
        name = rng.choice(_PEOPLE)
        tail, trait = rng.choice(_LOOKS)
        who, look = f"{name} {tail}", (trait,)
        first, second = rng.choice(_DEEDS)
    article = "An" if who[0] in "aeiou" else "A"
    who = f"{article} {who}"
    camera, camera_field = rng.choice(_CAMERAS)
    light, light_field = rng.choice(_LIGHTS)
    it = "it" if is_animal else rng.choice(("he", "she", f"the {name}"))
    capital_place = place_words[0].upper() + place_words[1:]
    short = rng.choice(
        (
            f"{who} {first} {place_words}.",
            f"{capital_place}, {who[0].lower()}{who[1:]} {first}.",
            f"{who} {first}.",
        )
    )
    then = rng.choice(("Then", "A moment later", "After a pause", "Soon"))
    medium = f"{short} {then} {it} {second}."
    asides = rng.sample(_ASIDES, rng.randint(1, 3))
    sign = rng.choice(_SIGNS) if rng.random() < 0.3 else ""
    tail_sentences = [*asides, camera, light]
    rng.shuffle(tail_sentences)
    if sign:
        tail_sentences.append(f'A sign reads "{sign}".')
    long = " ".join([medium, *tail_sentences])
    split = round(rng.uniform(2, 6), 1)
    thing = rng.choice(_THINGS)
    count = rng.choice((1, 1, 1, 1, 2, 3))
    return StructuredCaption(
        short=short if rng.random() > 0.1 else short[:-1],
        medium=medium,
        long=long,
        subjects=(
            Subject(name=name, attributes=look),
            *((Subject(name=thing, count=count),) if rng.random() < 0.6 else ()),
        ),
        actions=(f"the {name} {first}", f"the {name} {second}"),
        setting=place,
        camera=camera_field,
        light=light_field,
        style=rng.choice(_STYLES),
        text_on_screen=(sign,) if sign else (),
        events=(
            Event(start_s=0.0, end_s=split, text=f"the {name} {first}"),
            Event(start_s=split, end_s=rng.choice((8.0, 7.5, 8.1)), text=f"{it} {second}"),
        ),
        relations=(
            (Relation(subject=name, relation="to the left of", object=thing),)
            if rng.random() < 0.4
            else ()
        ),
        mood=(
            Inference(text="calm", evidence="slow movements, even light")
            if rng.random() < 0.1
            else None
        ),
    )


_ZH_WHO = (
    ("厨师", "系着白围裙的"),
    ("女孩", "扎着马尾的"),
    ("老人", "戴草帽的"),
    ("骑车人", "穿红色外套的"),
    ("小狗", "黑白相间的"),
    ("猫", "橘色的"),
    ("渔民", "穿雨靴的"),
    ("男孩", "背着书包的"),
)
_ZH_DEEDS = (
    ("在木板上切胡萝卜", "把切好的胡萝卜放进锅里"),
    ("沿着篱笆慢慢走", "停下来回头看"),
    ("坐在长椅上看报纸", "翻过一页又喝了一口茶"),
    ("把绳子系在铁环上", "顺着码头走远"),
    ("蹲在花坛旁边", "拔掉几根杂草"),
    ("跑过浅浅的小溪", "爬上对面的土坡"),
    ("打开一扇绿色的门", "走进昏暗的走廊"),
)
_ZH_PLACES = (
    "狭小的厨房里",
    "傍晚的港口",
    "积雪的停车场",
    "热闹的夜市",
    "乡间小路上",
    "明亮的教室里",
    "河边",
)
_ZH_CAMERAS = (
    "镜头保持不动",
    "镜头缓慢向左平移",
    "手持镜头从后面跟拍",
    "镜头逐渐推近到双手",
    "画面从高处俯拍",
)
_ZH_LIGHTS = (
    "阳光从右侧照进来",
    "光线灰暗而均匀",
    "只有一盏灯亮着，角落很暗",
    "霓虹灯把一切染成粉色和蓝色",
)
_ZH_ASIDES = (
    "远处有两个人在说话",
    "左边的墙上靠着一辆自行车",
    "白色的蒸汽慢慢飘出画面",
    "前面有三只鸽子在啄面包屑",
    "旗子在杆子上飘动",
)
_ZH_SIGNS = ("出口", "OPEN", "小心台阶", "Wi-Fi")


def _draw_chinese(rng: Random) -> StructuredCaption:
    name, look = rng.choice(_ZH_WHO)
    first, second = rng.choice(_ZH_DEEDS)
    place = rng.choice(_ZH_PLACES)
    who = f"一只{look}{name}" if name in ("小狗", "猫") else f"一个{look}{name}"
    short = rng.choice((f"{who}{first}。", f"在{place}，{who}{first}。"))
    medium = f"{short}{rng.choice(('然后', '接着', '过了一会儿'))}{second}。"
    tail = [*rng.sample(_ZH_ASIDES, rng.randint(1, 2)), rng.choice(_ZH_CAMERAS)]
    light = rng.choice(_ZH_LIGHTS)
    tail.append(light)
    rng.shuffle(tail)
    sign = rng.choice(_ZH_SIGNS) if rng.random() < 0.3 else ""
    if sign:
        tail.append(f"牌子上写着“{sign}”")
    split = round(rng.uniform(2, 6), 1)
    return StructuredCaption(
        short=short,
        medium=medium,
        long=medium + "".join(f"{sentence}。" for sentence in tail),
        subjects=(Subject(name=name, attributes=(look.removesuffix("的"),)),),
        actions=(f"{name}{first}", f"{name}{second}"),
        setting=place,
        camera=rng.choice(_ZH_CAMERAS),
        light=light,
        style="纪实，自然色彩",
        text_on_screen=(sign,) if sign else (),
        events=(
            Event(start_s=0.0, end_s=split, text=f"{name}{first}"),
            Event(start_s=split, end_s=8.0, text=second),
        ),
    )
