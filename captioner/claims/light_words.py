"""The words by which free English speaks of the light of a whole picture."""

from __future__ import annotations

PLACE = (
    r"(?:scene|scenery|room|environment|setting|surroundings|picture|image|frame|footage|"
    r"video|clip|film|shot|"
    r"atmosphere|ambience|interior|exterior|place|location|hall(?:way)?|stage|studio|kitchen|"
    r"office|building|"
    r"everything|whole|set|view|space|area|corridor|cellar|basement|garage|warehouse|bedroom|"
    r"chamber|cave|tunnel|"
    r"street|alley|bar|club|theat(?:er|re)|conditions|tableau|world|recording|"
    r"composition|landscape|"
    r"whole\s+thing|all|it\s+all|outdoors|indoors)"
)
"""What is as light or dark as the whole picture."""
LIGHT = (
    r"(?:light(?:ing)?|illumination|brightness|exposure|daylight|ambient\s+light|light\s+levels?|"
    r"lighting\s+conditions|lights)"
)
_POORLY = (
    r"(?:dimly|poorly|barely|badly|faintly|weakly|hardly|sparsely|scarcely|scantily|"
    r"insufficiently|inadequately|"
    r"only\s+(?:just|faintly|weakly|dimly|barely)|feebly|darkly|minimally|not\s+(?:well|"
    r"brightly|properly|sufficiently))"
)
_RICHLY = (
    r"(?:brightly|brilliantly|amply|fully|strongly|intensely|generously|abundantly|powerfully|"
    r"thoroughly|"
    r"radiantly|dazzlingly|well|very\s+well|gloriously|richly|glaringly)"
)
_LIT = r"(?:lit(?:\s+up)?|illuminated|lighted)"
DARK_CLEARLY = (
    rf"(?:{_POORLY}[-\s]+{_LIT}|(?:lit|illuminated)\s+(?:only\s+)?(?:dimly|poorly|barely|"
    r"faintly|weakly|badly|sparsely)|"
    r"under-?\s?(?:lit|exposed)|pitch[-\s](?:black|dark)|ill-lit|unlit|lightless|low-lit|"
    r"night-dark|low[-\s]key|"
    r"jet[-\s]dark|nocturnal|moonlit)"
)
"""Words that are said of no object."""
DARK = (
    rf"(?:{DARK_CLEARLY}|dark(?:ened|ish)?|dim(?:med)?|gloomy|murky|shadowy|shadowed|dusky|"
    r"inky|tenebrous|sombre|somber|"
    r"dingy|half-dark|semi-dark|sunless|(?:nearly|almost|virtually|practically|"
    r"all\s+but)\s+(?:completely\s+)?black|"
    r"low[-\s]light|blackish)"
)
BRIGHT_CLEARLY = (
    rf"(?:{_RICHLY}[-\s]+{_LIT}|(?:lit|illuminated)\s+(?:up\s+)?(?:brightly|brilliantly|"
    r"strongly)|over-?\s?(?:exposed|lit)|day-?lit|lit\s+like\s+day|"
    r"blown[-\s]out|sun-?lit|sun[-\s](?:drenched|soaked|bathed|filled|washed|flooded|baked|"
    r"kissed|splashed)|"
    r"light[-\s](?:filled|flooded|drenched)|flood-?lit|high[-\s]key)"
)
BRIGHT = (
    rf"(?:{BRIGHT_CLEARLY}|bright|sunny|luminous|radiant|dazzling|blazing|glaring|brilliant|"
    r"blinding)"
)
DEGREE = (
    r"(?:(?:far|much|way|very|rather|quite|almost|so|too|all|pretty|already|overall|both|always|"
    r"rendered|kept|[a-z]+ly|a\s+(?:bit|little)|somewhat)\s+)*"
)
IS = (
    r"(?:is|are|was|were|remains?|stays?|looks?|appears?|seems?|feels?|keeps?|being|"
    r"comes\s+across\s+as|turns\s+out|"
    r"lies|has\s+been|shows\s+up)"
)
LITTLE = (
    r"(?:(?:very\s+|too\s+|only\s+(?:a\s+)?)?little|(?:hardly|barely|scarcely)\s+any|"
    r"almost\s+no|next\s+to\s+no|(?:virtually|"
    r"practically)\s+no|not\s+(?:much|enough)|(?:low|poor|weak|faint|minimal|insufficient|"
    r"scant|scarce|"
    r"meagre|meager|feeble|sparse|dim|inadequate)(?:\s+levels?\s+of)?|lacks?|lacking|"
    r"devoid\s+of|without\s+(?:much|enough|any))"
)
MUCH = (
    r"(?:plenty\s+of|lots\s+of|a\s+lot\s+of|an?\s+(?:abundance|excess|flood|wealth)\s+of|"
    r"abundant|ample|copious|full\s+of|"
    r"so\s+much|(?:bright|strong|intense|brilliant|dazzling|glaring|blazing|harsh|blinding|"
    r"full|broad|clear)(?:,?\s+(?:and\s+)?[a-z]+)?)"
)
LOW = (
    r"(?:low(?:-key)?|poor|dim|dark|weak|faint|feeble|scant|scarce|sparse|meag(?:er|re)|"
    r"minimal|insufficient|inadequate|"
    r"gloomy|murky|(?:nearly|almost)\s+black|dimmed|thin|lacking|bad|almost\s+(?:absent|nil|"
    r"zero)|next\s+to\s+nothing|very\s+limited|limited|shadowy)"
)
HIGH = (
    r"(?:high(?:-key)?|strong|bright|brilliant|abundant|plentiful|ample|dazzling|blinding|"
    r"glaring|intense|generous|"
    r"powerful|radiant|blazing|sunny|luminous)"
)
DARKNESS = r"(?:dark(?:ness)?|gloom|murk|blackness|dimness|semi-darkness|half-darkness)"
SUN = (
    r"(?:(?:flood|blaze|burst|wealth|abundance|stream)\s+of\s+(?:[a-z]+\s+)?(?:sun|day)?light|"
    r"sun\s?light|sun\s?shine|daylight|brightness|bright\s+light|(?:brilliant|strong|glaring|"
    r"dazzling)\s+light|radiance|glare|the\s+sun)"
)
COVERS = (
    r"(?:fills?|covers?|dominates?|envelops?|engulfs?|swallows?|shrouds?|cloaks?|veils?|"
    r"wraps?|blankets?|surrounds?|"
    r"reigns?|prevails?|hangs?|hung|lies|settles?|pervades?|hides?|obscures?|falls|fallen|"
    r"has\s+\w+|descends?|takes\s+over|"
    r"consumes?|rules?|holds\s+sway|drowns?|conceals?)"
)
FLOODS = (
    r"(?:fills?|floods?|bathes?|drench(?:es)?|soaks?|pours?|streams?|wash(?:es)?|beats?|"
    r"blazes?|dominates?|suffuses?|"
    r"saturates?|rules?|reigns?|prevails?|inundates?|covers?|lights?\s+up|lies\s+over|spills?|"
    r"engulfs?|illuminates?|pervades?)"
)
FULL_OF = (
    r"(?:washed\s+out|bleached|drowned|flooded|bathed|filled|drenched|soaked|washed|awash|"
    r"saturated|suffused|full|inundated|"
    r"overflowing|lit\s+up|ablaze|"
    r"blazing|glowing|glows|gleaming|dazzling|swimming|swathed|blanketed|bursting|steeped|"
    r"basking|basks)"
)
SUNK_IN = (
    r"(?:shrouded|cloaked|veiled|wrapped|steeped|swathed|submerged|plunged|immersed|sunk|"
    r"drowned|enveloped|engulfed|swallowed|"
    r"covered|filled|lost|buried|bathed|blanketed|lies|lying|is|are|sits|set|filmed|shot|"
    r"recorded|captured|takes\s+place|"
    r"happens|plays|unfolds|left|seen|disappears|sinks|hidden|draped|almost|nearly|entirely|"
    r"completely)"
)
HUE = (
    r"(?!,?\s+(?:gr[ae]y|green|blue|red|brown|purple|yellow|orange|pink|cyan|teal|beige|white|"
    r"black|navy|gold\w*|"
    r"turquoise|haired|skinned|hair|skin|eyes|colou?r\w*|clothes|clothing|suit|jacket|shirt|"
    r"coat|wood\w*)\b)"
)
SOFT = (
    r"(?:soft|dim|faint|low|gentle|pale|blue|bluish|red|reddish|purple|green|neon|moon|candle|"
    r"lamp|fire|fading|dappled|muted|cool|coloured|colored)"
)
