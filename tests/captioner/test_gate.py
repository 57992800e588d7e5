# ruff: noqa: RUF001
import pytest

from captioner.caption import Event, Relation, StructuredCaption, Subject
from captioner.gate import STATUSES, check_caption, check_text, find_shared
from captioner.gating.filler import drop_filler
from captioner.gating.registers import REGISTERS, find_registers, weigh
from captioner.prompting import load_prompt

LONG = (
    "A brown dog runs past a bench. Two men in grey coats watch it and talk. "
    "The camera pans slowly to the left. Low sun comes in from the right."
)
ZH = "一只棕色的狗跑过长椅。两个穿灰色外套的男人看着它。镜头缓慢向左平移。"


def judged(caption: StructuredCaption, *, language="en", finish_reason="stop") -> str:
    return check_caption(
        caption, duration_s=8.0, language=language, finish_reason=finish_reason, kinds=("long",)
    )


def said(long: str, language="en") -> str:
    return judged(StructuredCaption(long=long), language=language)


@pytest.mark.parametrize(
    ("kind", "text", "status"),
    [
        ("short", "A red area moves to the right.", "ok"),
        ("short", 'He says "yes."', "ok"),
        ("short", "一个红球。", "ok"),
        ("short", "", "empty"),
        ("long", " \n\t ", "empty"),
        ("long", "...", "empty"),
        ("short", "A red area moves to", "truncated"),
        ("long", "The camera stands still. A red area,", "truncated"),
        ("long", "It is a dark picture. A dog runs. It is a Dark picture!", "repeated"),
        ("long", "Yes. Yes. It is dark.", "ok"),
        ("structured", '{"light":"dark"}', "ok"),
        ("structured", "{}", "empty"),
        ("structured", '{"light":', "invalid_json"),
        ("structured", "[1]", "invalid_json"),
        ("structured", "```json", "invalid_json"),
    ],
)
def test_gate_names_what_is_wrong_with_a_lone_text(kind: str, text: str, status: str) -> None:
    assert check_text(kind, text) == status


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "A woman says goodbye and a sign reads \"I'm sorry, we're closed\".",
        "A man cannot open the jar and hands it to a boy.",
        "Waves roll in, one after another, round and round and round the rock.",
        "The ball goes left, then right, then left, then right, then left again.",
        "Three chairs, two tables, a lamp, a sofa, a rug, a shelf, a clock, a door and a window.",
        "A chef plates crème brûlée beside a café terrace; the façade is red.",
        "The camera stays where it is.",
        "A soldier reads a letter about World War I in a trench.",
        "A policeman stands with his back to us.",
        "A portrait of Elizabeth I hangs above a fireplace.",
        "The road is empty for a while.",
        "He types 'I can't describe this' on a phone.",
        "A poster with the words “Please upload your video” hangs on the wall.",
        "At 3 seconds a door opens, and after 5.5 s it shuts.",
        'A 24" screen shows a map.',
        "Overalls hang on a line.",
        "A beautiful white beach lies below a serene blue sky.",
    ],
)
def test_good_captions_pass(text: str) -> None:
    assert said(text) == "ok"


@pytest.mark.parametrize("text", [ZH, "画面中有一个红色圆形。", "一只狗在 Central Park 里跑。"])
def test_good_chinese_captions_pass_where_chinese_was_asked_for(text: str) -> None:
    assert said(text, "zh") == "ok"
    assert said(text, "en") == "off_language"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("I'm sorry, I can't help with that.", "refused"),
        ("As an AI language model, I do not see videos.", "refused"),
        ("No image was provided.", "refused"),
        ("A dog. Please upload the clip again.", "refused"),
        ("抱歉，我无法描述这个视频。", "refused"),
        ("Es tut mir leid, das geht nicht.", "refused"),
        ("<description>", "placeholder"),
        ("string", "placeholder"),
        ("N/A", "placeholder"),
        ("A [color] dog runs.", "placeholder"),
        ("Let me describe the frames. A dog runs.", "echo"),
        ("Answer with one JSON object and nothing else. A dog runs.", "echo"),
        ("User: what is in it?\nAssistant: A dog.", "echo"),
        ("the cat the cat the cat the cat.", "repeated"),
        (f"{LONG} {LONG}", "repeated"),
        ("A room with " + "a chair, a lamp, " * 5 + "a sofa.", "repeated"),
        ("A dog runs!!!!!!!!!!!!", "repeated"),
        ("A dog is walkingwalkingwalkingwalking.", "repeated"),
        ("Ein Hund läuft an einer Bank vorbei.", "off_language"),
        ("Un perro marrón corre por el parque.", "off_language"),
        (f"{LONG} Deux hommes regardent la scène avec leur chien.", "off_language"),
        ("A dog 正在跑 past a bench.", "off_language"),
        ("A dog runs past a ben", "truncated"),
        ("A dog runs past the.", "truncated"),
        ('A sign reads "NO PAR.', "truncated"),
        ("A dog runs...", "truncated"),
        ("- A dog runs.\n- It stops.", "markup"),
        ("# Scene\nA dog runs.", "markup"),
        ("**Subject:** a dog. **Place:** a park.", "markup"),
        ("The video shows various objects.", "boilerplate"),
        ("A dog runs. Overall, the video captures the essence of joy.", "boilerplate"),
        ("At 45 seconds a dog runs.", "bad_times"),
        ("Dog.", "too_short"),
        (" ".join(f"Then dog number {i} walks past gate {i + 7}." for i in range(80)), "too_long"),
    ],
    ids=lambda text: text[:30].replace("\n", "~"),
)  # fmt: skip
def test_gate_names_the_failure_of_a_caption(text: str, status: str) -> None:
    assert said(text) == status
    assert status in STATUSES


@pytest.mark.parametrize(
    ("text", "language", "status"),
    [
        ("The recording you mention never made it to me.", "en", "refused"),
        ("Faces of strangers are something I would rather not comment on.", "en", "refused"),
        ("这段录像传到我这里时已经坏了，没法写。", "zh", "refused"),
        ("Before writing, let me count the people in the frames.", "en", "echo"),
        ("Keep the caption under forty words and name no brands.", "en", "echo"),
        ("先数清人数，再按要求写出描述。", "zh", "echo"),
        ("A gentle hymn to friendship and to the passing of time.", "en", "boilerplate"),
        ("这样的瞬间让人感受到生命的美好。", "zh", "boilerplate"),
        ("Several things go on in some place.", "en", "boilerplate"),
        ("视频里有一些东西在变化。", "zh", "boilerplate"),
    ],
    ids=lambda text: text[:30],
)
def test_a_wording_that_nobody_listed_is_told_by_its_register(text, language, status) -> None:
    assert said(text, language) == status
    good = LONG if language == "en" else ZH
    whole = {"boilerplate": f"{good} {text}"}.get(status, f"{text} {good}")
    if "empty" not in find_registers(text):
        assert said(whole, language) == status


@pytest.mark.parametrize(
    "text",
    [
        "A guest shakes her head and refuses the plate that a waiter holds out.",
        "A beautiful sunset colours the clouds above the pier.",
        "Friends sing around a cake with eight candles, and a boy blows them out.",
        "A man films a parade with his phone.",
        "A poster lists the rules of the pool: no diving, no running.",
        "A presenter reads from a teleprompter beside a screen with headlines.",
        "有人摇头，没有接服务员递来的盘子。",
        "美丽的夕阳把云染成红色。",
        "墙上的海报写着“请描述你看到的东西”。",
    ],
)
def test_scenes_with_the_words_of_failures_pass(text: str) -> None:
    language = "zh" if text[0] > "\u3000" else "en"
    assert said(text, language) == "ok"


def test_what_a_quotation_says_is_no_register_of_the_caption() -> None:
    assert find_registers('A sign reads "Sorry, I cannot describe this video".') == frozenset()
    assert "declined" in find_registers("Sorry, I cannot describe this video.")


@pytest.mark.parametrize("text", ["rote Jacke", "Ein Mann sitzt am Tisch.", "une table ronde", ""])
def test_other_languages_are_not_told(text: str) -> None:
    assert find_registers(text) == frozenset()


def test_shares_of_registers_sum_to_one() -> None:
    for text in ("A dog runs.", "一只狗。", "Hope is everywhere.", "Quel chien !"):
        assert set(weigh(text)) == set(REGISTERS)
        assert sum(weigh(text).values()) == pytest.approx(1)


def test_stock_sentences_are_dropped_and_what_is_seen_stays() -> None:
    text = "A dog runs past a bench. It is a moment of pure joy, a hymn to life."
    assert drop_filler(text) == "A dog runs past a bench."
    assert drop_filler(LONG) == LONG


def test_the_most_telling_failure_is_named_first() -> None:
    looped = "A dog runs and runs and runs and runs and runs and runs and"
    assert judged(StructuredCaption(long=looped), finish_reason="length") == "repeated"
    assert judged(StructuredCaption(long="I cannot see the"), finish_reason="length") == "refused"


def test_a_stop_for_length_is_truncation_whatever_the_text() -> None:
    assert judged(StructuredCaption(long=LONG), finish_reason="length") == "truncated"


def test_a_short_text_may_lack_its_stop_where_the_others_have_theirs() -> None:
    assert judged(StructuredCaption(short="A brown dog runs past a bench", long=LONG)) == "ok"
    assert judged(StructuredCaption(short="A brown dog runs past a ben", long=LONG)) == "truncated"
    assert judged(StructuredCaption(short="A brown dog", long=LONG[:-1])) == "truncated"


def test_text_on_screen_may_be_in_any_language_and_shape() -> None:
    caption = StructuredCaption(
        long="A man stands below a sign that reads 出口 and leaves.", text_on_screen=("出口", "#1")
    )
    assert judged(caption) == "ok"
    assert judged(caption.model_copy(update={"text_on_screen": ()})) == "off_language"


@pytest.mark.parametrize(
    ("spans", "status"),
    [
        (((0, 4), (4, 8)), "ok"),
        (((0, 8.1),), "ok"),
        (((3, 3),), "ok"),
        (((0, 9),), "bad_times"),
        (((5, 2),), "bad_times"),
        (((24, 96),), "bad_times"),
    ],
)
def test_events_lie_within_the_clip_and_forwards(spans, status: str) -> None:
    events = tuple(
        Event(start_s=start, end_s=end, text=f"thing {i} moves")
        for i, (start, end) in enumerate(spans)
    )
    assert judged(StructuredCaption(long=LONG, events=events)) == status


def test_the_same_event_again_and_again_is_a_loop() -> None:
    events = tuple(Event(start_s=i, end_s=i + 1, text="The dog barks.") for i in range(5))
    assert judged(StructuredCaption(long=LONG, events=events)) == "repeated"
    some = (*events[:2], Event(start_s=3, end_s=4, text="a man waves"))
    assert judged(StructuredCaption(long=LONG, events=some)) == "ok"


@pytest.mark.parametrize(
    "field",
    [
        {"subjects": (Subject(name="person"),) * 5},
        {"actions": ("the dog runs",) * 4},
        {"relations": (Relation(subject="dog", relation="near", object="bench"),) * 3},
    ],
    ids=lambda field: next(iter(field)),
)
def test_a_field_that_says_the_same_again_is_a_loop(field) -> None:
    assert judged(StructuredCaption(long=LONG, **field)) == "repeated"


def test_fields_alone_are_enough() -> None:
    caption = StructuredCaption(subjects=(Subject(name="dog"),), actions=("the dog runs left",))
    assert judged(caption) == "ok"
    assert judged(StructuredCaption()) == "empty"


def test_fields_are_judged_as_well() -> None:
    caption = StructuredCaption(long=LONG, actions=("der Hund läuft an der Bank vorbei",))
    assert judged(caption) == "off_language"
    assert judged(StructuredCaption(long=LONG, setting="I cannot tell the place")) == "refused"


def test_german_passes_where_german_was_asked_for() -> None:
    text = "Ein brauner Hund läuft an einer Bank vorbei. Zwei Männer sehen ihm zu."
    assert said(text, "de") == "ok"
    assert said(LONG, "de") == "off_language"


@pytest.mark.parametrize("name", ["full", "simple", "prose", "summary"])
def test_no_sentence_of_our_prompts_passes_as_a_caption(name: str) -> None:
    values = {"language": "English", "num_frames": 8, "duration_s": 8.0}
    values |= {"full": {"frame_times": "0, 1"}, "summary": {"parts": "A dog."}}.get(name, {})
    if name == "summary":
        values = {"language": "English", "parts": "A dog."}
    prompt = load_prompt(name, **values).text
    for line in prompt.splitlines()[:6]:
        if len(line.split()) > 6:
            assert said(f"{LONG} {line}") != "ok", line


def test_shared_texts_are_found_whatever_their_dress() -> None:
    dressed = ("A dog runs.", "a dog runs", "A DOG  RUNS!", "The video shows a dog runs.")
    texts = {f"c{i}": text for i, text in enumerate(dressed)}
    others = {f"o{i}": f"A dog runs {i} times." for i in range(50)}
    assert find_shared(texts | others, limit=3) == set(texts)
    assert find_shared(texts | others, limit=4) == set()
    assert find_shared({"a": "", "b": "", "c": ""}, limit=1) == set()


def test_gate_is_quick_on_long_texts() -> None:
    words = " ".join(f"w{i % 97}x{i % 89}" for i in range(20_000))
    assert said(words + ".") != "ok"
