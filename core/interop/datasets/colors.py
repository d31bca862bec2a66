"""Names of colours: the CSS Color Module's, split so that no ending in `.train` returns in `.dev`.

Knows nothing about colours. For tasks such as writing an animal of that colour, where labels are not needed.
"""

from __future__ import annotations

from typing import Any

from core.interop.datasets.dataset import Dataset

__all__ = ["NAMES", "Colors"]

_TRAIN_SHARE = 0.6

_TEXT = """
    alice blue, antique white, aqua, aquamarine, azure, beige, bisque, black, blanched almond, blue,
    blue violet,
    brown, burlywood, cadet blue, chartreuse, chocolate, coral, cornflower blue, cornsilk, crimson, cyan, dark blue,
    dark cyan, dark goldenrod, dark gray, dark green, dark khaki, dark magenta, dark olive green, dark orange,
    dark orchid, dark red, dark salmon, dark sea green, dark slate blue, dark slate gray, dark turquoise, dark violet,
    deep pink, deep sky blue, dim gray, dodger blue, firebrick, floral white, forest green, fuchsia, gainsboro,
    ghost white, gold, goldenrod, gray, green, green yellow, honeydew, hot pink, indian red, indigo, ivory, khaki,
    lavender, lavender blush, lawn green, lemon chiffon, light blue, light coral, light cyan, light goldenrod yellow,
    light gray, light green, light pink, light salmon, light sea green, light sky blue, light slate gray,
    light steel blue, light yellow, lime, lime green, linen, magenta, maroon, medium aquamarine, medium blue,
    medium orchid, medium purple, medium sea green, medium slate blue, medium spring green, medium turquoise,
    medium violet red, midnight blue, mint cream, misty rose, moccasin, navajo white, navy, old lace, olive,
    olive drab, orange, orange red, orchid, pale goldenrod, pale green, pale turquoise, pale violet red, papaya whip,
    peach puff, peru, pink, plum, powder blue, purple, rebecca purple, red, rosy brown, royal blue, saddle brown,
    salmon, sandy brown, sea green, seashell, sienna, silver, sky blue, slate blue, slate gray, snow, spring green,
    steel blue, tan, teal, thistle, tomato, turquoise, violet, wheat, white, white smoke, yellow,
    yellow green
"""

NAMES = tuple(" ".join(name.split()) for name in _TEXT.split(","))


class Colors(Dataset):
    """Examples with one field, `color`.

    Args:
        sort_by_suffix: Sort by the last letters before splitting, so that "sky blue" and "royal blue" stay together.
        *args: As for `Dataset`.
        **kwargs: As for `Dataset`.
    """

    def __init__(self, sort_by_suffix: bool = True, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sort_by_suffix = sort_by_suffix
        colours = self.sorted_by_suffix(list(NAMES))
        cut = int(len(colours) * _TRAIN_SHARE)
        self._train = [{"color": colour} for colour in colours[:cut]]
        self._dev = [{"color": colour} for colour in colours[cut:]]

    def sorted_by_suffix(self, colors: list[str]) -> list[str]:
        """Return the names in the order of their last letters, unless that is not wanted."""
        return sorted(colors, key=lambda name: name[::-1]) if self.sort_by_suffix else list(colors)
