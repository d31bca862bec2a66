"""Words that join rather than name, of a few languages; the longest table of the embedded model.

Knows nothing about what they are used for: they are weighed down, never dropped. A language that is not here
lives by document frequencies alone.
"""

from __future__ import annotations

__all__ = ["FUNCTION_WORDS"]

_ENGLISH = """
since across along among below beside within without upon toward towards until till per via never always ever now
yet still already every either neither whether although though however nor else else's such rather quite
a an the this that these those i me my mine we us our you your he him his she her it its they them their
who whom whose which what when where why how is am are was were be been being do does did done have has
had having will would shall should can could may might must not no nor and or but if so than then too very
just of to in on at by for with from as into onto about over under out up down off again here there all
any some each both more most other such only own same s t d ll m re ve don didn doesn isn aren wasn weren
hasn haven hadn won wouldn couldn shouldn please hi hello also because while during before after between
against through get got want need
"""
_GERMAN = """
der die das den dem des ein eine einen einem einer eines und oder aber ist sind war waren bin bist sein
ich du er sie es wir ihr mich mir dich dir uns euch mein meine meinen meiner dein nicht kein keine mit von
zu zum zur im in auf für an am bei aus nach über um als wie wo wer wann warum dass daß hat habe haben
hatte wird werden wurde kann noch schon auch nur so sich
"""
_FRENCH = """
le la les un une des du de et ou mais est sont été je tu il elle nous vous ils elles mon ma mes ton ta tes
son sa ses notre votre ce cette ces qui que quoi dont où quand pourquoi comment ne pas plus avec pour par
sur dans en au aux se à
"""
_SPANISH_PORTUGUESE_ITALIAN = """
el los las una unos y o pero es son ser fue yo tú él ella nosotros mi mis tu su sus qué quién cuándo dónde
cómo no con por para en del al se lo que os as um uma e é são eu ele ela meu minha não com do da dos das
na em il gli i uno ed sono io lui lei mio mia non che chi quando dove come di della nel nella per alla
"""
_DUTCH = """
het een en of maar zijn was ik jij hij zij wij mijn niet geen met van voor op aan bij uit naar dat die
"""

FUNCTION_WORDS = frozenset(
    " ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH_PORTUGUESE_ITALIAN, _DUTCH)).split()
)
"""Folded for case."""
