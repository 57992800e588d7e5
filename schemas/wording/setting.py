"""English sentences about the scene: background, camera, style, prop and shots."""

from schemas.wording.inflect import article
from schemas.wording.speaker import Act, Speaker, sentence


def background_noun(speaker: Speaker) -> str:
    """Return `a plain grey background`; empty where nothing is stated."""
    kind = speaker.facts.background_kind
    colour = speaker.facts.background_colour
    if kind is None and colour is None:
        return ""
    hue = speaker.word("background_colour", colour) if colour else ""
    pattern = {
        None: ("{} background", "{} backdrop"),
        "plain": ("plain {} background", "uniform {} background", "plain {} backdrop"),
        "gradient": ("{} gradient", "soft {} gradient", "{} gradient background"),
        "mottled": ("mottled {} background", "blotchy {} background", "mottled {} backdrop"),
        "checker": ("{} checkerboard", "checkered {} background", "{} checkerboard pattern"),
        "bricks": ("{} brick wall",),
        "hills": ("hilly {} landscape", "{} landscape with distant hills"),
        "floor": ("{} tiled floor", "tiled {} floor"),
        "maze": ("{} maze", "{} labyrinth"),
    }[kind]
    chosen = " ".join(speaker.one_of(*pattern).format(hue).split())
    if kind == "floor" and not hue:
        chosen = "tiled floor"
    return article(chosen)


def on_background(speaker: Speaker) -> str:
    """Return `against a plain grey background`; empty where nothing is stated."""
    noun = background_noun(speaker)
    if not noun:
        return ""
    words = {
        "bricks": ("in front of", "before", "against"),
        "hills": ("in front of", "before", "against"),
        "floor": ("on",),
        "maze": ("in", "inside"),
    }.get(speaker.facts.background_kind or "", ("on", "against", "before", "in front of"))
    return f"{speaker.one_of(*words)} {noun}"


def background_sentence(speaker: Speaker) -> str:
    """Return a sentence that states the background; empty where nothing is stated."""
    kind, colour = speaker.facts.background_kind, speaker.facts.background_colour
    noun = background_noun(speaker)
    if not noun:
        return ""
    choices = []
    if kind == "maze":
        choices = [f"The scene is set in {noun}.", f"All of this happens in {noun}."]
    elif kind == "floor":
        choices = [f"The scene is set on {noun}.", f"All of this happens on {noun}."]
    elif kind in ("bricks", "hills"):
        choices = [
            f"Behind everything is {noun}.",
            f"{noun[:1].upper()}{noun[1:]} forms the background.",
            f"In the background there is {noun}.",
        ]
        if speaker.facts.objects:
            choices.append(f"{noun[:1].upper()}{noun[1:]} serves as the backdrop.")
    else:
        hue = speaker.word("background_colour", colour) if colour else ""
        plainly = {
            None: hue if not hue.endswith("-coloured") else "",
            "plain": f"plain {hue}".strip(),
            "mottled": f"mottled {hue}".strip(),
        }.get(kind)
        if plainly and not plainly.endswith("-coloured"):
            choices = [f"The background is {plainly}."]
        else:
            if not noun.endswith(("background", "backdrop")):
                choices.append(f"The background is {noun}.")
                choices.append(f"{noun[:1].upper()}{noun[1:]} fills the background.")
        choices += [f"The scene is set {on_background(speaker)}."]
    return speaker.one_of(*choices)


def camera_act(speaker: Speaker) -> Act | None:
    """Return what the camera does, or None where it is not stated."""
    move = speaker.facts.camera
    return Act(speaker.word("camera", move)) if move else None


def camera_sentence(speaker: Speaker) -> str:
    """Return a sentence about the camera; empty where it is not stated."""
    act = camera_act(speaker)
    if act is None:
        return ""
    if act.phrase.startswith("do not") or not speaker.facts.objects:
        return f"The camera {act.says()}."
    return speaker.one_of(
        f"The camera {act.says()}.",
        f"All the while, the camera {act.says()}.",
        f"The camera {act.says()} throughout.",
        f"Meanwhile, the camera {act.says()}.",
        f"The camera {act.says()} all the while.",
    )


def style_sentence(speaker: Speaker) -> str:
    """Return a sentence about the style; empty where it is not stated."""
    if speaker.facts.style is None:
        return ""
    how = speaker.word("style", speaker.facts.style)
    what = speaker.one_of("Everything", "The whole scene", "The picture", "The scene")
    done = "rendered" if speaker.facts.style == "shaded" and speaker.chance(0.5) else "drawn"
    return f"{what} is {done} {how}."


def prop_sentence(speaker: Speaker) -> str:
    """Return a sentence that brings in the prop; empty where there is none or it was named."""
    if speaker.facts.prop is None or speaker.prop_named:
        return ""
    noun = speaker.prop()
    is_there = "are" if speaker.facts.prop == "coins" else "is"
    also = " also" if speaker.named else ""
    choices = {
        "pillar": (f"there {is_there}{also} {noun}", f"{noun} stands in the scene"),
        "candle": (
            f"there {is_there}{also} a burning candle",
            f"{noun} burns nearby" if speaker.named else f"{noun} burns there",
        ),
        "jar": (
            f"there {is_there}{also} {noun}",
            f"{noun} stands nearby" if speaker.named else f"{noun} stands there",
        ),
        "coins": (f"there {is_there}{also} {noun}", f"{noun} lie along the way"),
    }[speaker.facts.prop]
    return sentence(speaker.one_of(*choices))


def view_sentence(speaker: Speaker) -> str:
    """Return a sentence that lists the shots; empty where there is one shot."""
    views = [speaker.word("view", view) for view in speaker.facts.views]
    if not views:
        return ""
    if len(views) == 1:
        return f"The scene is seen in {views[0]}."
    style = speaker.one_of("opens", "first", "shown", "cuts")
    middle = views[1:-1]
    if style == "opens":
        cuts = "".join(f", cuts to {view}" for view in middle)
        return f"The scene opens with {views[0]}{cuts} and ends with {views[-1]}."
    if style == "first":
        cuts = "".join(f", then comes {view}" for view in middle)
        return f"First there is {views[0]}{cuts}, and then {views[-1]}."
    if style == "shown":
        cuts = "".join(f", then in {view}" for view in middle)
        return f"The scene is shown in {views[0]}{cuts} and finally in {views[-1]}."
    cuts = "".join(f", followed by {view}" for view in middle)
    return f"The first shot is {views[0]}{cuts}, and the last is {views[-1]}."
