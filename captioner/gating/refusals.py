"""Tell when a model declines, or speaks of itself, instead of describing a clip."""

from __future__ import annotations

import re

from captioner.gating.loops import unquoted
from captioner.gating.registers import find_registers

_OTHERS = (
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
_REFUSAL = re.compile("|".join(_OTHERS), re.IGNORECASE)
"""In English and Chinese the classifier tells."""


def is_refusal(text: str) -> bool:
    """Return whether a model declines, or asks for what it was given; quoted words do not count."""
    return _REFUSAL.search(unquoted(text)) is not None or "declined" in find_registers(text)
