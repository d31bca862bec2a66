"""`majority`: the value that most samples agree on.

Knows nothing about where the samples came from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.data.prediction import Completions, Prediction
from core.foundation.errors import DataError
from core.foundation.fingerprint import canonical_json

__all__ = ["default_normalize", "majority"]

_ARTICLES = {"a", "an", "the"}
_PUNCTUATION = re.compile(r"[^\w\s]")


def default_normalize(value: Any) -> Any:
    """Return what is compared: a text without case, punctuation, articles and double blanks; None for an empty one.

    Other values are compared as they are.
    """
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFKC", value).casefold()
    words = _PUNCTUATION.sub(" ", text).split()
    telling = [word for word in words if word not in _ARTICLES]
    return " ".join(telling or words) or None  # the answer "A" of a choice is no article


def majority(
    prediction_or_completions: Prediction | Completions | Sequence[Mapping[str, Any]],
    normalize: Callable[[Any], Any] | None = default_normalize,
    field: str | None = None,
) -> Prediction:
    """Return the completion whose field has the most frequent value; of ties the earlier one.

    Args:
        prediction_or_completions: A prediction with n completions, completions, or a list of predictions or dicts.
        normalize: Gives what is compared; values for which it gives None do not vote. None compares as it stands.
        field: The field; None takes the last output field.

    Returns:
        A prediction with the one completion that was chosen.

    Raises:
        DataError: There is no completion, or none has the field.
    """
    rows, signature = _rows(prediction_or_completions)
    if not rows:
        raise DataError("There are no completions to vote.", hint="Ask for several: Predict(..., n=5).")
    name = field or _last_field(rows[0], signature)
    if not any(name in row for row in rows):
        raise DataError(f"No completion has a field '{name}'.", hint=f"They have: {', '.join(rows[0])}.")
    keys = [_key(row.get(name), normalize) for row in rows]
    votes: dict[str, int] = {}
    for key in keys:
        if key is not None:
            votes[key] = votes.get(key, 0) + 1
    chosen = keys.index(max(votes, key=votes.__getitem__)) if votes else 0
    return Prediction.from_completions([rows[chosen]], signature)


def _rows(given: Any) -> tuple[list[dict[str, Any]], Any]:
    if isinstance(given, Prediction):
        given = given.completions
    rows = [dict(row.items()) for row in given]
    return rows, getattr(given, "signature", None)


def _last_field(row: Mapping[str, Any], signature: Any) -> str:
    outputs = list(getattr(signature, "output_fields", {})) or list(row)
    return outputs[-1]


def _key(value: Any, normalize: Callable[[Any], Any] | None) -> str | None:
    compared = value if normalize is None else normalize(value)
    return None if compared is None else canonical_json(compared)
