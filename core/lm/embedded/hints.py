"""What a field's name and description lead one to expect: the kind of its value, and the words before it.

Knows nothing about any text. A short table for everyday field names; other names live by what examples teach.
"""

from __future__ import annotations

from core.lm.embedded.task import Slot
from core.lm.embedded.text import humanized, words

__all__ = ["cues_for", "kinds_for"]

_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("email mail e-mail", ("email",)),
    ("phone telephone tel mobile fax telefon", ("phone",)),
    ("url link website site homepage", ("url",)),
    ("date day deadline due birthday when datum tag fecha jour", ("date", "day")),
    ("time hour o'clock uhrzeit heure hora", ("time",)),
    ("year jahr année año", ("year",)),
    (
        "amount price cost total fee sum budget salary payment refund paid betrag preis prix importe",
        ("money", "number"),
    ),
    ("percent percentage rate discount share", ("percent", "number")),
    ("id code number reference ref invoice order ticket serial sku tracking nummer", ("code", "number")),
    ("count quantity people guests persons many age size anzahl nombre cantidad", ("number",)),
    (
        "name person customer sender author contact company city place location country town product guest client "
        "employee firm organisation organization street address venue capital ort stadt firma nombre nom",
        ("name",),
    ),
    ("title quote phrase book film song", ("quoted", "name")),
)
_CUES: tuple[tuple[str, str], ...] = (
    (
        "city place location country town venue where destination ort stadt lieu",
        "in at to near from visit nach aus à en",
    ),
    (
        "name person customer sender author contact guest client",
        "am name is mr mrs ms dr dear from by regards thanks bin heiße",
    ),
    ("company firm employer organisation organization", "at for with bei chez"),
    ("date day deadline due when", "on by until before for am le el"),
    ("time", "at um à"),
    ("amount price cost total fee sum budget payment", "for costs cost of pay paid total is worth"),
)


def kinds_for(slot: Slot) -> tuple[str, ...]:
    """Return the kinds of piece that a field's name, or else its type, leads one to expect."""
    found = _lookup(slot.name, _KINDS) or _lookup(slot.description, _KINDS)
    if slot.shape.kind in {"int", "float"}:
        return tuple(kind for kind in found if kind not in {"name", "date", "day", "quoted"}) or ("number",)
    if slot.shape.kind == "date":
        return ("date", "day")
    return found


def cues_for(slot: Slot) -> set[str]:
    """Return the words that often stand before such a value."""
    found: set[str] = set()
    own = set(words(humanized(slot.name)))
    for names, cues in _CUES:
        if own & set(names.split()):
            found |= set(cues.split())
    return found


def _lookup(text: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...]:
    own = words(humanized(text))
    for word in own:
        for names, kinds in table:
            if word in names.split() or (word.endswith("s") and word[:-1] in names.split()):
                return kinds
    return ()
