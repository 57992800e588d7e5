"""Stock phrases: sentences that praise, conclude or interpret instead of telling what is seen."""

from __future__ import annotations

import re

from captioner.gating.loops import join_sentences, split_sentences, split_words

_MEDIUM = (
    r"(?:videos?|clips?|footage|images?|imagery|pictures?|photos?|frames?|scenes?|sequence|shot|"
    r"composition|visuals?|moments?|piece|film|interplay|juxtaposition|contrast|display|it|this)"
)
_CONCLUDING = re.compile(
    r"^(?:overall|in (?:conclusion|summary|essence|short|sum)|to (?:sum up|conclude|summari[sz]e)|"
    r"all in all|altogether|taken (?:together|as a whole)|ultimately|as a whole)\b",
    re.IGNORECASE,
)
_STOCK = re.compile(
    r"\b(?:captur|encapsulat|embod|distil)\w* (?:the |its |their |a )?(?:\w+ ){0,2}(?:essence|"
    r"spirit|soul|heart|magic)\b|\btestament to\b|"
    r"\b(?:serv|stand|act)\w* as (?:an? |the )?(?:\w+ )?(?:reminder|testament|metaphor|symbol|"
    r"celebration)\b|\bspeaks? (?:volumes|to the)\b|\b(?:rich|vivid|vibrant) tapestry\b|"
    r"\bglimpse (?:of|into|at)\b|\b(?:tells?|weaves?) (?:a|the|its own) (?:\w+ )?(?:story|tale)\b|"
    r"\b(?:lasting|indelible) impression\b|\bspellbound\b|"
    r"\b(?:the )?(?:viewers?|audience|onlooker|beholder)(?:'s)?\b.{0,30}\b(?:feel|reflect|admire|"
    r"appreciate|experience|journey|imagination|attention|wonder|lasting|in awe)|"
    r"\b(?:invit|leav|transport|remind|draw|captivat|immers|engag|allow)\w* (?:the )?(?:viewers?|"
    r"audience|onlookers?|us|one|you)\b|\bresonat\w*\b|\bset(?:s|ting)? the (?:stage|tone|mood)\b|"
    r"\b(?:perfect|beautiful|wonderful|great|fine) (?:example|blend|balance|reminder|embodiment)\b|"
    r"\bvisually (?:stunning|appealing|striking|captivating|engaging|pleasing)\b|"
    r"\b(?:it is|it's) (?:important|worth|interesting) (?:to note|noting|mentioning)\b|"
    r"\b(?:highlight|showcas|emphasi[sz]|underscor|celebrat|convey|reflect|demonstrat)\w* (?:the|"
    r"its|their|his|her|a|nature's) (?:\w+ ){0,2}(?:beauty|power|importance|essence|spirit|joys?|"
    r"wonders?|bond|significance|simplicity|complexity|dedication|passion|message|harmony)\b|"
    r"\badd(?:s|ing)? (?:an? )?(?:\w+ )?(?:sense|touch|layer|depth|dimension) (?:of|to)\b|"
    r"\boverall (?:effect|message|theme|narrative)\b",
    re.IGNORECASE,
)
_LOFTY = re.compile(
    r"\b(?:essence|celebrat\w+|reminder|nostalgi\w*|wonder|awe|harmony|resilience|solitude|evokes?|"
    r"perseverance|dedication|passion|precious|poignant|profound\w*|evocative|symboli[sz]\w*|"
    r"metaphor\w*|narrative|tranquility|serenity|heart-?warming|beauty|spirit|triumph|innocence|"
    r"unity|hope|tradition|humanity|everyday life|human (?:spirit|condition|experience))\b",
    re.IGNORECASE,
)
_FLATTERING = re.compile(
    r"\b(?:serene|tranquil|harmonious|captivating|mesmeri[sz]ing|stunning|enchanting|magical|timeless|"
    r"breath-?taking|inspiring|peaceful|inviting|emotional|unique|engaging|dynamic|rare|beautiful|"
    r"lovely|charming|delightful|powerful|moving|touching|intimate|tender|playful|whimsical|"
    r"friendship|togetherness|optimism|warmth|joy|love|bonds?|enduring|memorable|unforgettable|"
    r"remarkable|meaning\w*|matters|life itself|sight to behold|charm|elegance|sophistication|"
    r"freedom|vitality|coexistence|camaraderie|confidence)\b",
    re.IGNORECASE,
)
"""Said of the video itself, they are praise; said of a beach they may be seen."""
_JUDGES = re.compile(
    rf"^(?:(?:the|this|that|each|every|such)\s+)?(?:\w+\s+)?{_MEDIUM}\s+(?:\w+\s+)?(?:is|are|was|"
    r"become|becomes|feels?|remains?|offers?|provides?|evokes?|conveys?|carries|exudes|radiates|"
    r"celebrates?|reflects?|suggests?|creates?|leaves|tells?|speaks?|brings?|reminds?|transcends?|captures?|portrays?|embod(?:y|ies))\b|"
    rf"^(?:truly|indeed|one (?:can|cannot|could|might|feels?)|such|what (?:a|an|makes))\b|"
    rf"^(?:the|this) (?:interplay|juxtaposition|composition|contrast) of\b",
    re.IGNORECASE,
)
_SOFT = re.compile(
    r"\boverall,? (?:atmosphere|impression|mood|tone|scene|setting|composition|ambian?ce|look|"
    r"style|feel)\b|\b(?:creat|evok|convey|giv|exud|radiat|suggest|contribut|enhanc|lend|impart|maintain)"
    r"\w* (?:to )?(?:an? |the )?(?:overall |general )?(?:\w+(?:,| and)? ){0,3}(?:sense|feeling|air|"
    r"atmosphere|mood|ambian?ce|aura|vibe|impression|pace|effect)\b|"
    r"^(?:the )?(?:atmosphere|mood|ambian?ce|vibe|tone) (?:is|feels|seems|remains)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r",\s*(?:(?:all|further|thus|thereby|also)\s+)?(?:which (?:gives|adds|creates|lends|enhances|"
    r"emphasi[sz]es|highlights)\b|(?:allow|draw|bring|offer|provid|creat|add|evok|convey|giv|exud|contribut|"
    r"enhanc|lend|captur|showcas|highlight|emphasi[sz]|underscor|symboli[sz]|embody|reflect|"
    r"celebrat|suggest|invit|leav|mak|impart|encapsulat|radiat|reveal)\w*ing\b)[^,.;:!?]*"
    r"(?:,? and [^,.;:!?]*)?(?=[.;!?]|$)",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"^(?:there (?:is|are|was|were) (?:also )?no (?:\w+ ){0,3}?(?:texts?|words?|captions?|objects?|"
    r"subtitles?|actions?|people|sounds?|audio|writing|watermarks?|logos?)\b|(?:the|this) (?:video|"
    r"clip|image|footage|scene|frame) (?:itself )?(?:does not|doesn't|do not|contains no|has no|"
    r"shows no|lacks)\b|no (?:\w+ ){0,3}?(?:texts?|words?|subtitles?|captions?|watermarks?) "
    r"(?:is|are|can be)\b|the relative positions? of the objects?\b|the description is based\b)|"
    r"^(?:画面|视频|图像)?(?:中|里|上)?没有(?:任何)?(?:文字|字幕|文本|水印|声音)",
    re.IGNORECASE,
)
"""What is not there: nobody asked, and the generator would draw it."""
_CHINESE = re.compile(
    r"总的来说|综上|总之|总而言之|总体(?:而言|来说|上)|整体(?:而言|来看|氛围|画面)|"
    r"令人(?:感到|印象深刻|陶醉|心旷神怡|难忘|惊叹|动容)|给人(?:一种|以|带来|留下)|"
    r"展现了\w{0,12}(?:之美|魅力|精神|美好|力量|情怀)|仿佛(?:在诉说|置身)|"
    r"(?:营造|传递|传达|散发|洋溢|弥漫|流露|彰显|诠释|折射)(?:出|着|了)\w{0,16}(?:氛围|感觉|气氛|气息|"
    r"力量|情感|精神|魅力|之情|意境|温暖|美好|幸福)|让人\w{0,4}(?:感到|倍感|感受|仿佛|不禁|联想|沉醉)|"
    r"视觉(?:盛宴|享受|冲击)|(?:充分)?体现了\w{0,12}(?:热爱|和谐|精神|魅力|关系|情感|美)|表达了|回味|"
    r"富有(?:感染力|诗意|表现力|深意)|充满了?\w{0,6}(?:诗意|魅力|生机与活力|正能量|"
    r"感染力)|象征着|寓意|值得(?:回味|珍惜)|意义深远",
)
_EMPTY_WORDS = (
    "a an the of with and in is are be been can has have there it this that these below following "
    "here some several various different many multiple scene scenes video videos clip clips image "
    "images frame frames picture pictures photo photos footage content contents caption captions "
    "description descriptions requested provided generated thing things something someone element "
    "elements object objects series sequence sequences moment moments activity activities event "
    "events action actions take takes place happening happens happen occur occurs occurring going "
    "on as follow follows what which variety range kind kinds sort sorts interesting beautiful "
    "shown show shows seen see we visible contain contains feature features present presents "
    "displayed visual visuals short brief"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_CHINESE_EMPTY = re.compile(
    r"一个|一段|一些|如下|这里|那里|各种|若干|许多|这是|以下|下面|为|您|你|生成|展示|显示|呈现|描述|的|场景|画面|内容|"
    r"元素|视频|影片|片段|精彩|有趣|美丽|瞬间|时刻|了|多个|不同|东西|事情|有|发生|中|里|上|是|包含"
)


def is_filler(sentence: str) -> bool:
    """Return whether a sentence is a stock phrase: it concludes, praises or interprets.

    Told by phrases known as such, by what it begins with, and by two or more lofty words.
    """
    if _CONCLUDING.search(sentence) or _STOCK.search(sentence) or _CHINESE.search(sentence):
        return True
    return len(_LOFTY.findall(sentence)) > 1


def _is_soft(sentence: str) -> bool:
    """Return whether a sentence is better left out, though it is no reason to ask again."""
    if _SOFT.search(sentence) or _ABSENT.search(sentence):
        return True
    is_lofty = _LOFTY.search(sentence) or _FLATTERING.search(sentence)
    return bool(is_lofty and _JUDGES.search(sentence))


def is_vacuous(text: str) -> bool:
    """Return whether nothing is named in a text: the scene shows various objects."""
    words = split_words(_CHINESE_EMPTY.sub("", text))
    return all(word in _EMPTY for word in words)


def trim_filler(text: str) -> str:
    """Return a text without trailing clauses of effect: `, creating a sense of calm`."""

    def trimmed(match: re.Match[str]) -> str:
        clause = match[0]
        signs = (_SOFT, _STOCK, _LOFTY, _FLATTERING)
        return "" if any(sign.search(clause) for sign in signs) else clause

    return _CLAUSE.sub(trimmed, text)


def drop_filler(text: str) -> str:
    """Return a text without clauses and sentences that only praise, conclude, or tell of nothing.

    Where nothing would be left, the text comes back as it is.
    """
    sentences = [trim_filler(sentence) for sentence in split_sentences(text)]
    kept = [sentence for sentence in sentences if not (is_filler(sentence) or _is_soft(sentence))]
    return join_sentences(kept) if kept else text
