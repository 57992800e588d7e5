"""How free English says that a picture is dark, or bright: patterns of the words for it."""

from __future__ import annotations

from captioner.claims.light_words import (
    BRIGHT,
    BRIGHT_CLEARLY,
    COVERS,
    DARK,
    DARK_CLEARLY,
    DARKNESS,
    DEGREE,
    FLOODS,
    FULL_OF,
    HIGH,
    HUE,
    IS,
    LIGHT,
    LITTLE,
    LOW,
    MUCH,
    PLACE,
    SOFT,
    SUN,
    SUNK_IN,
)

_BETWEEN = (
    r"(?:\s+(?!is\b|are\b|shows?\b|who\b|which\b|that\b|where\b|with\b|man\b|"
    r"woman\b)[a-z-]+){0,4}?\s+"
)
"""From a place to its verb: `the lighting throughout the clip is ...`."""
_ALSO = r"(?:[a-z-]+,?\s+(?:and|but|yet)\s+)?"
"""`quiet and dark`."""
_ONE_MORE = r"(?:,?\s+(?:and\s+)?[a-z-]+){0,2}?"
_OF_ALL = r"(?:the\s+|whole\s+|entire\s+|most\s+of\s+)*"


DARK_SAID: tuple[str, ...] = (
    rf"\b{DARK}{HUE}{_ONE_MORE}\s+{PLACE}\b(?!\s+(?:on|light)\b)",
    rf"\b{DARK_CLEARLY}{HUE}(?!\s+(?:corner|door|lamp|sign|window|face|figure|background|"
    r"candle|cigarette)\w*\b)",
    rf"\b{PLACE}\b{_BETWEEN}?(?:{IS})\s+{DEGREE}{_ALSO}{DEGREE}(?:{DARK}|"
    rf"black)\b{HUE}(?!\s+(?:and|or|but)\s+(?:light|bright))",
    rf"\b{LIGHT}\b{_BETWEEN}?{IS}\s+{DEGREE}{_ALSO}{DEGREE}{LOW}\b(?!\s+on\b)",
    rf"\b(?:{LIGHT})\s+(?:\w+\s+)?(?:off|out|switched\s+off|turned\s+off)\b",
    rf"(?<!\ba )(?<!\bthe )\b{LITTLE}\s+(?:natural\s+|ambient\s+|real\s+|actual\s+|"
    r"visible\s+)?(?:light(?:ing)?|illumination|brightness|daylight)\b(?!\s+(?:blue|brown|"
    r"green|grey|source))",
    r"\b(?:dim|gloomy|murky|shadowy|dark|low-key)\s+(?:\w+\s+)?lighting\b",
    rf"\bit\s+{IS}\s+{DEGREE}{_ALSO}(?:{DARK})\b{HUE}(?=\s*[,.;!]|\s*$|\s+(?:out|in|and|"
    r"here|there|every|through|all|at|as|with)\w*)",
    rf"\b{SUNK_IN}\s+(?:by|in|into|with|under|amid)\s+(?:(?:a|an|the|near|total|almost|"
    r"complete|deep|heavy|thick|dense|utter|full|murky|partial|"
    rf"cover\s+of)\s+)*{DARKNESS}\b(?!\s+\w*(?:suit|jacket|clothes|clothing|shirt|coat|"
    r"dress|uniform|outfit|trousers|blue|green|grey|wood))",
    rf"\b{PLACE}\s+(?:\w+\s+){{0,2}}?{SUNK_IN}\s+(?:\w+ly\s+)?(?:by|in|into|with|"
    rf"under)\s+(?:\w+\s+){{0,2}}?shadows?\b",
    rf"\b{DARKNESS}\s+(?:\w+ly\s+)?{COVERS}\b",
    r"\bshadows?\s+(?:\w+ly\s+)?(?:fills?|covers?|dominates?|swallows?|engulfs?|blankets?|"
    rf"envelops?|shrouds?)\s+(?:nearly\s+|almost\s+|much\s+of\s+){{0,2}}{_OF_ALL}{PLACE}\b",
    r"\b(?:barely|hardly|scarcely|little|nothing)\b(?:\s+\w+){0,4}\s+(?:visible|seen|see|"
    r"made\s+out)\b(?:\s+\w+){0,3}?\s+(?:dark(?:ness)?|gloom|murk)\b",
    r"\b(?:hardly|barely|scarcely)\s+(?:anything|a\s+thing)\b[^,;.]*\b(?:lit|visible|"
    r"seen)\b|\balmost\s+nothing\s+is\s+(?:lit|visible)\b|"
    r"\b(?:lack|absence|shortage|want)\s+of\s+(?:any\s+|natural\s+)?light\b|\b(?:light|"
    r"lighting|illumination)\s+is\s+(?:absent|missing|lacking|scarce)\b|"
    r"\blittle\s+to\s+no\s+light\b|\bnothing\s+but\s+darkness\b|\b(?:too|"
    r"so)\s+dark\s+(?:to|that)\b|\bunder\s+(?:a|the)\s+night\s+sky\b|\bin\s+moonlight\b|"
    r"\b(?:(?:one|you|we|it)\s+can\s+)(?:barely|hardly|scarcely)\s+see\b",
    r"\b(?:at|by|in\s+the|during\s+the|late\s+at|into\s+the|deep\s+(?:in|into)\s+the|"
    r"(?:dead|middle|depths?)\s+of(?:\s+the)?|through\s+the)\s+(?:dark\s+|late\s+|"
    r"deep\s+)?night\b",
    r"\bnight-?\s?time\b|\bnight\s+(?:scene|sky|view|street|shot|city|setting|footage|air|"
    r"exterior)\b|"
    r"\bnight\s+(?:has\s+(?:\w+\s+)?fallen|falls|reigns|surrounds)\b",
    r"\b(?:it|this)\s+is\s+(?:\w+\s+)?(?:a\s+)?(?:dark\s+|late\s+|deep\s+|black\s+|"
    r"moonless\s+)*night\b|\b(?:dark|moonless|starless|black)\s+night\b",
    r"\bafter\s+(?:dark|nightfall)\b|\b(?:at|around|past)\s+midnight\b|\bby\s+moonlight\b|"
    r"\bunder\s+a\s+dark\s+sky\b|\bmoonlight\s+alone\b",
    r"\b(?:in|into|by|with|through|of)\s+(?:(?:the|near|total|almost|complete|deep|utter|"
    r"full|a|thick)\s+)*(?:darkness|gloom)\b(?=\s*[,.;!]|\s*$)",
    r"\bin\s+(?:the|near|total|almost|complete|utter)\s+dark\b(?=\s*[,.;!]|\s*$)",
    r"\b(?:a|the|deep|heavy|thick|murky)\s+(?:\w+\s+)?gloom\b",
    r"\b(?:dim|gloomy|murky|faint|weak)(?:,?\s+(?:and\s+)?\w+)?\s+light\s+(?:prevails|"
    r"reigns|rules|dominates|pervades|fills)\b",
)


"""That it is dark."""
BRIGHT_SAID: tuple[str, ...] = (
    rf"\b{BRIGHT}{HUE}{_ONE_MORE}\s+(?:{PLACE}|day|afternoon|morning|weather|(?:sun|"
    r"day)\s?light|sunshine|midday|noon)\b",
    rf"\b{BRIGHT_CLEARLY}{HUE}(?!\s+(?:sign|window|face|figure|background|screen|shop|"
    r"poster|billboard|wall|corner|stage)\w*\b)",
    rf"\b(?:{PLACE}|day|weather|morning|"
    rf"afternoon)\b{_BETWEEN}?{IS}\s+{DEGREE}{_ALSO}{DEGREE}(?:very\s+light|"
    rf"{BRIGHT})\b{HUE}(?!\s+(?:and|or|but)\s+dark)",
    r"\b(?:light(?:ing)?|illumination|brightness|daylight|light\s+levels?|"
    rf"lighting\s+conditions)\b{_BETWEEN}?{IS}\s+{DEGREE}{_ALSO}{DEGREE}{HIGH}\b",
    rf"\bexposure\b{_BETWEEN}?{IS}\s+{DEGREE}(?:high|bright|strong|generous)\b",
    r"\b(?:bright|brilliant|abundant|ample|high-key|"
    r"dazzling)(?:,?\s+(?:and\s+)?\w+)?\s+lighting\b",
    rf"\bit\s+{IS}\s+{DEGREE}{_ALSO}(?:{BRIGHT})\b{HUE}(?=\s*[,.;!]|\s*$|\s+(?:out|in|and|"
    r"here|there|every|through|all|as|with)\w*)",
    rf"\b{FULL_OF}\s+(?:with|in|by|of|"
    rf"under)\s+(?:(?!{SOFT}\b)[a-z]+,?\s+){{0,3}}?(?:sun\s?|day\s?)?(?:light|brightness|"
    r"shine|radiance|glare|sun)\b",
    rf"\b{SUN}\s+(?:\w+ly\s+)?{FLOODS}\b(?!\s+through\b)",
    r"\blight\s+(?:\w+ly\s+)?(?:floods?|drenches|bathes|pours\s+(?:over|into|in|onto)|"
    r"saturates)\b(?!\s+from)",
    r"\b(?:plenty\s+of|lots\s+of|a\s+lot\s+of|abundant|ample|copious|so\s+much|"
    r"no\s+(?:lack|shortage)\s+of)\s+(?:natural\s+|bright\s+|strong\s+)*(?:sun\s?|"
    r"day\s?)?light\b",
    rf"\b{MUCH}\s+(?:(?:sun|day)\s?light|sunshine|sun)\b",
    r"\b(?:in|under|at|by)\s+(?:the\s+|a\s+)?(?:bright|broad|full|strong|blazing|high|"
    r"midday|noon|glaring|hot|open)\s+(?:sun(?:\s?light|\s?shine)?|day\s?light|day)\b",
    r"\b(?:it|this)\s+is\s+(?:\w+\s+){0,2}(?:daylight|midday|noon|daytime)\b|\b(?:at|"
    r"around)\s+(?:high\s+)?(?:noon|midday)\b|\bhigh\s+noon\b|\b(?:midday|noonday|"
    r"noon)\s+(?:sun|light|heat)\b",
    r"\bsun\s+(?:is\s+)?(?:\w+ly\s+)?(?:blaz\w+|beats?|beating|burns|glares?|glaring|high|"
    r"shin(?:es|ing)\s+(?:brightly|brilliantly|strongly|high|down|bright))\b|"
    r"\bsun\s+is\s+shining\b",
    rf"\b(?:{PLACE}|everything)\s+(?:\w+ly\s+)?(?:glows?|gleams?|shines?|blazes?|glares?|"
    r"sparkles?)\s+(?:brightly|brilliantly|(?:with|in)\s+(?:\w+\s+)?(?:light|brightness|"
    r"sun\w*))\b",
    r"\b(?:bright|dazzling|glaring|strong|brilliant|blinding)\s+(?:brightness|"
    r"light)\s+(?:\w+ly\s+)?(?:fills?|floods?|bathes?|covers?|lies\s+(?:over|on|"
    r"everywhere)|falls\s+(?:on|over|everywhere)|everywhere|pours?|reaches|illuminates)\b",
    r"\bon\s+a\s+clear\s+day\b|\blight\s+everywhere\b|\bas\s+bright\s+as\s+day\b|"
    r"\bin\s+(?:plain|bright|broad)\s+(?:day|"
    r"sight\s+of\s+the\s+sun)\b",
)
"""That it is bright."""
