"""English sentences about objects: what each is and does, and the events in their order."""

from schemas.facts import EventFacts, ObjectFacts
from schemas.wording.inflect import split_verb
from schemas.wording.lexicon import SAY, SPEED_VERBS
from schemas.wording.speaker import Act, Speaker, sentence

MAX_WAYS = 4
"""Straight ways through a maze told in one sentence."""


def main_act(speaker: Speaker, item: ObjectFacts, *, with_speed: bool = True) -> Act | None:
    """Return what the object does by itself, with direction and speed, or None if not stated."""
    if item.action is None:
        return None
    speed = item.speed if with_speed else None
    if item.action == "move" and item.direction and speed in SPEED_VERBS and speaker.chance(0.25):
        verb, pace = speaker.one_of(*SPEED_VERBS[speed]), ""
    else:
        verb = speaker.word("action", item.action)
        if verb in ("drift", "slide") and speaker.facts.background_kind == "maze":
            verb = "travel"
        if verb == "drift" and speed == "fast":
            verb = "move"
        if item.action == "rest" and item.change:
            verb = speaker.one_of("stay in place", "rest")
        pace = speaker.word("speed", speed) if speed else ""
    way = speaker.word("direction", item.direction) if item.direction else ""
    if item.action == "fly" and way and speaker.chance(0.5):
        head, rest = split_verb(verb)
        return Act(f"{head} {way}{rest}")
    early = not pace.startswith("at ") or not speaker.chance(0.6)
    parts = (verb, pace, way) if early else (verb, way, pace)
    return Act(" ".join(part for part in parts if part))


def other_acts(speaker: Speaker, item: ObjectFacts, *, terse: bool = False) -> list[Act]:
    """Return bounce, change and trail as acts, in drawn order."""
    acts = []
    if item.bounces:
        where = "lands" if item.action == "fall" else "bounces"
        acts.append(Act("bounce" if terse and where == "lands" else speaker.word(where, "yes")))
        if terse:
            acts[-1] = Act("bounce" if where == "lands" else "bounce off the edges")
    if item.change == "recolour":
        to = speaker.one_of("turn {}", "become {}", "change colour to {}")
        if terse:
            to = "turn {}"
        acts.append(Act(to.format(item.new_colour) if item.new_colour else "change colour"))
    elif item.change:
        acts.append(
            Act(SAY["change"][item.change][0] if terse else speaker.word("change", item.change))
        )
    if item.leaves_trail:
        acts.append(Act("leave a trail" if terse else speaker.word("leaves_trail", "yes")))
    if not terse:
        speaker.rng.shuffle(acts)
    return acts


def joined(speaker: Speaker, acts: list[Act], tail: str = "") -> str:
    """Return one or two acts as the end of a clause: `moves up, leaving a trail`.

    `tail`, where things are, comes after the first.
    """
    first = acts[0].says() + tail
    if len(acts) == 1:
        return first
    return speaker.one_of(
        f"{first} and {acts[1].says()}",
        f"{first}, {acts[1].doing()}",
        f"{first} while {acts[1].doing()}",
    )


def object_sentences(speaker: Speaker, index: int, *, tail: str = "") -> list[str]:
    """Return sentences that state all about one object, `tail` (a background) in the first."""
    item = speaker.facts.objects[index]
    first_of_all = not speaker.named
    main = main_act(speaker, item)
    acts = ([main] if main else []) + other_acts(speaker, item)
    where = speaker.word("place", item.place) if item.place else ""
    noun = speaker.introduce(index)
    if not acts:
        return [_existence(speaker, noun, where, tail, first=first_of_all)]
    take = 2 if len(acts) > 1 and speaker.chance(0.6) else 1
    told, left = acts[:take], acts[take:]
    ending = f" {tail}" if tail else ""
    meanwhile = "" if first_of_all or where or speaker.chance(0.5) else "Meanwhile, "
    if not where:
        line = f"{meanwhile}{noun} {joined(speaker, told, ending)}"
    elif item.action == "rest":
        line = speaker.one_of(
            f"{where}, {noun} {joined(speaker, told, ending)}",
            f"{noun} {told[0].says()} {where}{ending}",
            f"{noun} {where} {joined(speaker, told, ending)}",
        )
        if f"{told[0].says()} {where}" in line:
            left = acts[1:]
    elif main is None:
        line = f"{noun} {where} {joined(speaker, told, ending)}"
    else:
        begins = speaker.one_of("starts", "begins")
        line = (
            f"{where}, {noun} {joined(speaker, told, ending)}",
            f"{noun} {begins} {where} and {told[0].says()}{ending}",
            f"{noun} {where} {joined(speaker, told, ending)}",
            f"starting {where}, {noun} {joined(speaker, told, ending)}",
        )[speaker.pattern(4)]
        if f"{begins} {where} and" in line:
            left = acts[1:]
    found = [sentence(line)]
    while left:
        now, left = left[:2], left[2:]
        moving = item.action in ("move", "fly", "fall")
        subject = "it"
        if speaker.chance(0.3):
            subject = speaker.refer(index)
        lead = speaker.one_of("", "", "on the way, ", "as it goes, ") if moving else ""
        if lead.startswith("as it") and subject != "it":
            lead = "along the way, "
        found.append(sentence(f"{lead}{subject} {joined(speaker, now)}"))
    return found


def is_bare(item: ObjectFacts) -> bool:
    """Return whether nothing but its looks is stated of an object."""
    acts = item.action or item.bounces or item.change or item.leaves_trail
    return not acts and item.place is None


def bare_objects_sentence(speaker: Speaker, indices: list[int], *, tail: str = "") -> str:
    """Return one sentence that lists objects: `there is a red star and a blue circle`."""
    also = "also " if speaker.named else ""
    nouns = [speaker.introduce(index) for index in indices]
    listed = f"{', '.join(nouns[:-1])} and {nouns[-1]}"
    return sentence(f"there is {also}{listed} {tail}".rstrip())


def _existence(speaker: Speaker, noun: str, where: str, tail: str, *, first: bool) -> str:
    also = "" if first else "also "
    ends = " ".join(part for part in (where, tail) if part)
    choices = [f"there is {also}{noun} {ends}".strip()]
    if where:
        choices += [f"{noun} is {ends}", f"{where} is {noun} {tail}".strip()]
        choices += [f"{noun} can be seen {ends}"]
    elif tail:
        choices += [f"{noun} is seen {tail}", f"{tail}, there is {also}{noun}"]
    return sentence(speaker.one_of(*choices))


def event_sentences(speaker: Speaker, *, terse: bool = False) -> list[str]:
    """Return sentences that tell all events in their order."""
    found: list[str] = []
    events = list(speaker.facts.events)
    coins = 0
    previous: int | None = None
    while events:
        group, events = _next_group(speaker, events, terse=terse)
        subject = group[0].subject
        if subject is None:
            speaker.prop_named = True
            found.append(sentence(f"{'' if terse else 'Then '}{_liquid(speaker)}"))
            previous = None
            continue
        name = "it" if previous == subject else speaker.refer(subject)
        spills = group[-1].kind == "spill"
        acts = []
        for event in group[:-1] if spills else group:
            acts.append((event.kind, speaker.event(event, so_far=coins, terse=terse)))
            coins += event.kind == "collect"
        end = f", and {_liquid(speaker)}" if spills else ""
        starter = ""
        if found and not terse:
            starter = speaker.one_of("then ", "after that, ", "next, ", "later, ", "")
        afterwards = not spills and len(acts) == 2 and acts[0][0] != "go" and not terse
        if afterwards and speaker.chance(0.25):
            line = f"after {acts[0][1].doing()}, {name} {acts[1][1].says()}"
        elif afterwards and speaker.chance(0.3) and acts[1][0] != "go":
            line = f"{starter}{name} {acts[0][1].says()} before {acts[1][1].doing()}"
        else:
            line = f"{starter}{name} {_sequence(speaker, acts, terse=terse)}{end}"
        found.append(sentence(line))
        wide = any(event.kind in ("collide", "bite") for event in group) or spills
        previous = None if wide else subject
    return found


def _next_group(
    speaker: Speaker, events: list[EventFacts], *, terse: bool
) -> tuple[list[EventFacts], list[EventFacts]]:
    """Return the events that share the next sentence, and those after."""
    first = events[0]
    most = (
        99
        if terse
        else (MAX_WAYS if first.kind in ("go", "collect") else speaker.rng.randint(1, 3))
    )
    size = 1
    while size < len(events) and size < most and first.subject is not None:
        event = events[size]
        if event.kind == "spill" and events[size - 1].kind == "break":
            return events[: size + 1], events[size + 1 :]
        if event.subject != first.subject:
            break
        size += 1
    return events[:size], events[size:]


def _liquid(speaker: Speaker) -> str:
    colour = speaker.facts.prop_colour if speaker.facts.prop == "jar" else None
    named = f"{colour} " if colour and (not speaker.prop_named or speaker.chance(0.4)) else ""
    whose = "the" if named else speaker.one_of("the", "its")
    return f"{whose} {named}liquid {Act(speaker.word('event', 'spill')).says()}"


def _sequence(speaker: Speaker, acts: list[tuple[str, Act]], *, terse: bool = False) -> str:
    """Return acts in a row: `goes right, then down, collects a coin and leaves the frame`."""
    parts: list[str] = []
    for number, (kind, act) in enumerate(acts):
        if kind == "go" and number and acts[number - 1][0] == "go":
            way = act.phrase.partition(" ")[2]
            bare = terse and len(acts) > 3 and number < len(acts) - 1
            parts.append(way if bare else f"then {way}")
        else:
            parts.append(act.says())
    if len(parts) == 1:
        return parts[0]
    last = parts[-1]
    if not last.startswith("then "):
        last = f"and {last}" if terse else speaker.one_of(f"and {last}", f"and then {last}")
        if len(parts) > 2 and parts[-2].startswith("then "):
            last = last.replace("and then", "and")
        joiner = " "
    else:
        joiner = ", " if len(parts) == 2 else " and "
    return f"{', '.join(parts[:-1])}{joiner}{last}"
