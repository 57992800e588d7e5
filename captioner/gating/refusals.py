"""Tell when a model declines, or speaks of itself, instead of describing a clip."""

from __future__ import annotations

import re

from captioner.gating.boilerplate import strip_openings
from captioner.gating.loops import split_sentences

_MEDIA = r"(?:images?|videos?|frames?|pictures?|photos?|clips?|visuals?|media|footage|attachments?)"
_TELL = (
    r"(?:describ\w*|caption\w*|process\w*|analy[sz]\w*|assist|fulfil\w*|access|generate|"
    r"comply|transcribe|interpret)"
)
_ENGLISH = (
    # A captioner has no `I`, least of all one that cannot.
    r"\bi(?:'m| am) (?:very |so |really |truly |terribly )?(?:sorry|afraid|unable|not able|"
    r"not sure|an? ai|just an?|only an?|a (?:large )?language|not (?:permitted|allowed|comfortable|"
    r"programmed|designed|equipped|in a position|going))",
    r"\bi (?:can't|can ?not|couldn't|could not|won't|will not|do not|don't|did not|didn't|"
    r"am unable|must (?:decline|refuse)|have to (?:decline|refuse)|regret|apologi[sz]e|"
    r"lack the|only (?:see|have)|would need|need (?:more|the|to see)|was (?:unable|not))\b",
    r"\bas an? (?:\w+ )?(?:\w+ )?(?:ai\b|artificial intelligence|language model|chatbot|"
    r"(?:virtual |ai )?assistant\b)",
    rf"\b(?:no|any|an?|the|actual) (?:\w+ )?{_MEDIA}(?: \w+)? (?:(?:was|were|is|are|has|have|"
    r"seems?|appears?|to|be|been|not|actually|currently) )*(?:provided|attached|uploaded|supplied|"
    r"received|shared with me|included in|missing|unavailable|failed to load)\b",
    rf"\b(?:no|without) {_MEDIA} (?:to|for me to) {_TELL}",
    r"\b(?:please|kindly|could you|can you|if you (?:could|can)?|feel free to) ?(?:please )?"
    r"(?:re-?)?(?:upload|provide|share|attach|send|supply|describe the|let me know|try again)\b",
    r"\b(?:violat\w+|against|breach\w*|prohibited by|comply with|due to|under) (?:\w+ ){0,3}"
    r"(?:guidelines|polic(?:y|ies)|terms of (?:service|use)|safety (?:rules|restrictions))\b",
    r"\b(?:content|usage|safety) polic(?:y|ies)\b",
    r"\b(?:inappropriate|improper|unethical|wrong|unfair) to (?:describe|identify|comment|guess)\b",
    rf"\b(?:unable|not possible|impossible|not able|not allowed) to (?:\w+ )?{_TELL}\b",
    rf"\b(?:unable|not possible|impossible|not able) to (?:see|view|watch|open|load|identify|"
    rf"tell|determine|provide|display) (?:\w+ ){{0,3}}(?:{_MEDIA}|content|description|caption)\b",
    rf"\b(?:{_MEDIA}|content|request|description) (?:can't|cannot|could not|"
    r"couldn't|may not|is not able to) be (?:described|displayed|loaded|processed|"
    r"accessed|analy[sz]ed|opened|viewed|provided|generated|decoded|fulfilled|completed)\b",
    rf"\b(?:{_MEDIA}|content|request|response) (?:is|was|were|has been|have been) (?:blocked|"
    r"filtered|flagged|restricted|withheld|rejected|declined)\b",
    r"\bmy (?:training|programming|capabilities|instructions|knowledge cutoff|guidelines)\b",
    r"\bhow (?:can|may) i (?:help|assist)\b",
)
_OTHERS = (
    # Chinese
    r"抱歉|对不起|很遗憾|我(?:无法|不能|"
    r"没有办法|没法|看不到)|无法(?:描述|"
    r"查看|分析|提供|处理|查看|识别|访问|"
    r"加载|完成)|作为(?:一(?:个|名|款))?(?:\w{0,6})?(?:AI|"
    r"人工智能|语言模型)|(?:没有|未)(?:能)?(?:"
    r"提供|收到|上传|看到)\w{0,6}(?:图|视频|"
    r"画面|文件|内容)|请(?:您|你)?(?:重新)?(?:"
    r"提供|上传|发送|分享)|使用政策|"
    r"违反\w{0,8}(?:规定|政策|准则)",
    # Traditional Chinese, Japanese, Korean
    r"無法(?:描述|查看|分析|提供|處理)|"
    r"對不起|申し訳|すみません|説明で"
    r"きません|お答えでき|죄송|미안|"
    r"설명할 수 없|제공되지",
    # German
    r"\btut mir leid\b|\bals (?:ki|künstliche|sprachmodell)|\bich kann (?:\w+ ){0,6}nicht\b|"
    r"\bich (?:bin|sehe) (?:\w+ ){0,3}(?:nicht|kein\w*)\b|\bich bin (?:leider|eine? ki)\b|"
    r"\bbitte (?:\w+ ){0,4}(?:hoch|bereit|zur verfügung)|\bkein (?:video|bild) (?:\w+ ){0,3}"
    r"(?:bereitgestellt|hochgeladen|vorhanden)|\bleider (?:kann|ist es|konnte)\b",
    # French
    r"\bdésolée?\b|\ben tant qu(?:e |')(?:\w+ )?(?:ia|intelligence|modèle|assistant)"
    r"|\bje (?:ne |n')(?:peux|suis|vois|dispose)|\bje suis (?:incapable|une ia)|\bveuillez\b|"
    r"\baucune? (?:vidéo|image) (?:\w+ ){0,3}(?:fournie|télé|jointe)",
    # Spanish, Portuguese, Italian
    r"\blo siento\b|\blamento\b|\bcomo (?:una? )?(?:ia\b|inteligencia|modelo de)|\bno (?:puedo|"
    r"soy capaz|me es posible|veo)\b|\bpor favor,? (?:proporcion|sub|compart|env)\w*|\bdesculpe\b|"
    r"\bsinto muito\b|\bnão (?:posso|consigo)\b|\bmi dispiace\b|\bnon (?:posso|sono in grado|"
    r"riesco|vedo)\b|\bcome (?:ia|modello|intelligenza)\b|\bcomo (?:um )?(?:modelo|assistente)\b",
    # Russian
    r"извините|к сожал"
    r"ению|я не (?:могу|ви"
    r"жу)|простите|как (?:"
    r"ии|языковая|иску)",
)
_REFUSAL = re.compile("|".join((*_ENGLISH, *_OTHERS)), re.IGNORECASE)
_QUOTED = re.compile(
    r"\"[^\"\n]{1,300}\"|\u201c[^\u201d\n]{1,300}\u201d|\u300c[^\u300d]{1,300}\u300d|"
    r"\u00ab[^\u00bb\n]{1,300}\u00bb|(?<!\w)'(?:[^'\n]|'(?=\w)){1,300}'(?!\w)|\u2018[^\u2019\n]{1,300}\u2019(?!\w)"
)


# Who speaks in the first person, or to somebody, is no captioner. The `I` of `Henry I` is none.
_PERSON = re.compile(
    r"(?:^|[,;:.!?(-]\s?|\b(?:and|but|that|because|which|when|as|if|so|what|how|something|than)\s)"
    r"(?-i:I)(?:'m|'ll|'ve|'d|,)? [a-z]|\b(?:my|myself|your|yours|you|"
    r"our (?:system|team|guidelines|terms|rules))\b|"
    r"我(?!们)|您|你|本模型|\b(?:ich|mir|mich|mein\w*|ihnen|je|moi|vous|votre|mes)\b|"
    r"\b(?:j|m)'[a-zéê]|\b(?:puedo|tengo|soy|siento|veo|posso|riesco|sono|sinto|tenho)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\b(?:not|n't|cannot|can't|no|never|unable|sorry|apolog\w+|afraid|regret\w*|unfortunately|"
    r"decline\w*|refus\w+|reject\w*|forg[eo]t\w*|missing|fail\w*|prevent\w*|beyond|only|just|"
    r"need|without|violat\w+|blocked|filter\w*|restrict\w*|withh\w+|inappropriate|corrupt\w*|"
    r"impossible|kindly|please|nicht|kein\w*|leider|ne|pas|impossible|"
    r"désolé\w*|no|lo siento|lamento|non|não|infelizmente|purtroppo)\b|"
    r"不|无|没|未|抱歉|对不起|遗憾|忘记|只是|请|拦截|屏蔽|过滤",
    re.IGNORECASE,
)
_MISSING = re.compile(
    r"\b(?:videos?|clips?|footage|images?|frames?|photos?|content|media|material|links?|files?|"
    r"attachments?|request|uploads?|input)\b.{0,40}\b(?:cannot|can't|couldn't|could not|unable|"
    r"failed|not (?:able|accessible|available|supported|load\w*|provided|attached|include\w*|"
    r"received|found)|did(?:n't| not) (?:load|come|arrive|upload)|unavailable|inaccessible|"
    r"(?:was|were|is|are) missing|empty|corrupt\w*|blocked)\b|"
    r"\b(?:cannot|can't|unable to|failed to|fail to|not able to|couldn't) (?:be )?(?:view|watch|"
    r"see|access|open|load|process|analy[sz]e|retrieve|read|fetch|receive|decode|play)\w* "
    r"(?:\w+ ){0,4}(?:videos?|clips?|footage|images?|frames?|photos?|content|media|"
    r"links?|files?|urls?)\b|"
    r"(?:无法|不能|没有|未能|未|不支持|没)(?:能)?(?:查看|观看|看到|收到|接收|识别|读取|加载|打开|访问|处理|分析|提供|"
    r"描述|生成|检测|上传|找到)",
    re.IGNORECASE,
)
_TASK_NOUN = re.compile(
    r"\b(?:(?:this|current|language|ai|text-based|multimodal) model|assistant|chatbot|requests?|"
    r"captions?|descriptions?|attachments?|(?:image|video|visual) input|instructions?|prompts?|"
    r"responses?|privacy|footage|videos?|clips?|(?:the|these|those|video) frames|media|"
    r"content (?:is|was|has|filter\w*|block\w*|polic\w+|moderat\w*))\b|"
    r"模型|请求|图像|图片|视频|隐私|描述|系统|说明|要求",
    re.IGNORECASE,
)
_TASK_ACT = re.compile(
    r"\b(?:support(?:s|ed)?|upload\w*|corrupt\w*|inappropriate|to (?:describe|caption|write|"
    r"comment|identify|analy[sz]e|process|answer|respond|comply|assist)|describing|captioned|"
    r"identifying|withh\w+|permitted|allowed|filter\w*|blocked|restrict\w*|provided|received|"
    r"accessed|accessible|asked|generated|contains? no|moderat\w+|flagged|declined|follows)\b|"
    r"支持|拦截|上传|收到|识别|不便|屏蔽|过滤|违反|提供|以下|根据|不要|分析",
    re.IGNORECASE,
)
"""Words of the trade: one of each in a sentence, and it is about the task, not the scene."""
_APOLOGY = re.compile(
    r"^(?:i'm |we're |very |so )?(?:sorry|apologies|my apologies|unfortunately|regrettably|"
    r"i regret)\b|^(?:很|非常)?(?:抱歉|遗憾|对不起|不好意思)|"
    r"^(?:leider|désolé|desculpe|lo siento|mi dispiace|lamento)\b",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Return whether a model declines, or asks for what it was given; quoted words do not count.

    By the phrases of refusals in ten languages, and by what they have in common: somebody
    says `I` or `you` and no, the video cannot be seen, a sentence begins with an apology.
    """
    plain = unquoted(text)
    if _REFUSAL.search(plain):
        return True
    for sentence in split_sentences(strip_openings(plain)):
        if _APOLOGY.search(sentence) or _MISSING.search(sentence):
            return True
        speaks = _PERSON.search(sentence) or _is_shop_talk(sentence)
        if speaks and _DECLINES.search(sentence):
            return True
    return False


def is_talk(text: str) -> bool:
    """Return whether somebody speaks of himself, to somebody, or of the task at hand.

    Quoted words do not count.
    """
    plain = strip_openings(unquoted(text))
    return _PERSON.search(plain) is not None or any(map(_is_shop_talk, split_sentences(plain)))


def _is_shop_talk(sentence: str) -> bool:
    return bool(_TASK_NOUN.search(sentence) and _TASK_ACT.search(sentence))


def unquoted(text: str) -> str:
    """Return a text without what stands in quotation marks: words seen, not the captioner's."""
    plain = _QUOTED.sub(" ", text)
    return plain.replace("\u2019", "'").replace("\u2018", "'")
