"""The short English caption: each object, what it does, the prop and the events."""

from random import Random

from schemas.facts import Facts, ObjectFacts
from schemas.wording.happenings import event_sentences, main_act, other_acts
from schemas.wording.lexicon import NUMBERS
from schemas.wording.setting import background_noun
from schemas.wording.speaker import Act, Speaker, sentence

MOST_WORDS = 22
"""By `_cost`; a caption that would be longer leaves out trails and bounces, then changes."""
_LONGEST_SUBJECT = 5
"""Words of a subject such as `The medium-sized dark blue circle`."""
_EVENT_COST = {"go": 2, "spill": 6, "leave": 5, "return": 5, "collide": 5, "bite": 6}


def terse_caption(facts: Facts, rng: Random) -> str:
    """Return one or two sentences; bounces, trails and changes only while there is room.

    What is left out depends on the facts alone, and facts read back leave out nothing more.
    """
    detail = next((each for each in (2, 1) if _cost(facts, each) <= MOST_WORDS), 0)
    return _caption(Speaker(facts, rng), detail)


def _cost(facts: Facts, detail: int) -> int:
    """Return about how many words the caption takes."""
    words = sum(_EVENT_COST.get(event.kind, 4) for event in facts.events)
    words += 2 * (facts.prop_colour is not None)
    for item in facts.objects:
        words += 3 + 2 * (item.action is not None) + 2 * (item.direction is not None)
        words += 2 * (item.action == "fly")
        words += 3 * (item.change is not None and detail > 0)
        words += (4 * item.bounces + 4 * item.leaves_trail) * (detail > 1)
    return words


def _caption(speaker: Speaker, detail: int) -> str:
    facts = speaker.facts
    maze = any(event.kind == "go" for event in facts.events)
    if not facts.objects:
        return _without_objects(speaker)
    groups = sorted(_alike(facts), key=lambda group: _has_verb(facts.objects[group[0]], detail))
    clauses = [
        _clause(speaker, group, detail, alone=len(groups) == 1 and not facts.events)
        for group in groups
    ]
    still = [clause for clause, moving in clauses if not moving]
    told = [clause for clause, moving in clauses if moving]
    before = ""
    if still and told:
        before = f"{sentence('there is ' + _listed(still))} "
        still = []
    if len(told) == 2:
        links = (" while ", ", and ") if " and " in "".join(told) else (" and ", " while ", " as ")
        text = speaker.one_of(*links).join(told)
    else:
        text = _listed(told or still)
    if maze:
        with_coins = facts.prop == "coins" and not _tells_prop(speaker)
        text = f"in {_maze(speaker)}{f' with {speaker.prop()}' if with_coins else ''}, {text}"
    lines = event_sentences(speaker, terse=True)
    if len(facts.objects) == 1 and lines and lines[0].split()[0] in ("The", "It"):
        acts = _after_subject(lines[0])
        if acts:
            link = " " if not told else ", then " if " and " in acts or "," in acts else " and "
            text = f"{text}{link}{acts[:-1]}"
            lines = lines[1:]
    if facts.prop and not speaker.prop_named and facts.prop != "coins":
        text += f" beside {speaker.prop()}" if not _tells_prop(speaker) and not lines else ""
    found = [before + sentence(text), *lines]
    if facts.prop and not speaker.prop_named and not _tells_prop(speaker):
        found.append(sentence(f"there {'are' if facts.prop == 'coins' else 'is'} {speaker.prop()}"))
    return " ".join(found)


def _listed(clauses: list[str]) -> str:
    head = ", ".join(clauses[:-1])
    return f"{head} and {clauses[-1]}" if head else clauses[-1]


def _tells_prop(speaker: Speaker) -> bool:
    return any(event.kind == "collect" for event in speaker.facts.events)


def _maze(speaker: Speaker) -> str:
    return speaker.one_of("a maze", "a labyrinth")


def _after_subject(line: str) -> str:
    """Return the line without its subject where that is `The circle` or `It`, else nothing."""
    words = line.split()
    if words[0] == "It":
        return " ".join(words[1:])
    for place, word in enumerate(words[:_LONGEST_SUBJECT]):
        if word in ("circle", "square", "triangle", "star", "object"):
            return " ".join(words[place + 1 :])
    return ""


def _alike(facts: Facts) -> list[list[int]]:
    """Return object numbers in groups that are stated alike and take no part in events."""
    named = {end for event in facts.events for end in (event.subject, event.target)}
    groups: list[tuple[ObjectFacts, list[int]]] = []
    for index, item in enumerate(facts.objects):
        for kept, numbers in groups:
            if kept == item and not named & {index, *numbers}:
                numbers.append(index)
                break
        else:
            groups.append((item, [index]))
    return [numbers for _, numbers in groups]


def _clause(speaker: Speaker, group: list[int], detail: int, *, alone: bool) -> tuple[str, bool]:
    """Return one clause for objects that are alike, and whether it has a verb."""
    item = speaker.facts.objects[group[0]]
    main = main_act(speaker, item, with_speed=False)
    acts = [main] if main else []
    others = other_acts(speaker, item, terse=True)
    acts += others if detail == 2 else [act for act in others if detail and _is_change(act)]
    if len(group) > 1:
        noun = f"{NUMBERS[len(group)]} {speaker.describe(item, sized=False)}s"
        speaker.named += group
        said = [act.phrase for act in acts]
    else:
        noun = speaker.introduce(group[0], sized=False)
        said = [act.says() for act in acts]
    if not said:
        there = "there are" if len(group) > 1 else "there is"
        return (f"{there} {noun}" if alone and speaker.chance(0.5) else noun), False
    if len(said) > 1:
        return f"{noun} {', '.join(said[:-1])} and {said[-1]}", True
    return f"{noun} {said[0]}", True


def _has_verb(item: ObjectFacts, detail: int) -> bool:
    return bool(
        item.action
        or (item.change and detail)
        or (detail == 2 and (item.bounces or item.leaves_trail))
    )


def _is_change(act: Act) -> bool:
    return not act.phrase.startswith(("bounce", "leave"))


def _without_objects(speaker: Speaker) -> str:
    if speaker.facts.prop:
        return sentence(
            f"there {'are' if speaker.facts.prop == 'coins' else 'is'} {speaker.prop()}"
        )
    noun = background_noun(speaker)
    return sentence(speaker.one_of(noun, f"there is {noun}")) if noun else "An empty scene."
