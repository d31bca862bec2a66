"""Models: connections to endpoints, a test of each, prices, and the cache of replies.

Knows nothing about programs. A connection holds the name of the variable with its key; the key itself stays in the
environment.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from core.foundation.errors import ConfigurationError, StoreError, WorkbenchError
from core.trace import redact
from workbench.jobs.engine import EMBEDDED, EMBEDDING_OPTION, open_model, stored_prices
from workbench.services.tasks import checked_name
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import ConnectionRow, PriceRow

__all__ = [
    "API_KINDS",
    "EMBEDDED",
    "EMBEDDED_NOTE",
    "LOCAL",
    "CacheStats",
    "Connection",
    "ConnectionTest",
    "Price",
    "cache_stats",
    "clear_cache",
    "delete_connection",
    "list_models",
    "list_prices",
    "save_connection",
    "set_price",
    "test_connection",
]

EMBEDDED_NOTE = (
    "The embedded model is a small in-context learner that runs inside the workbench: enough to learn with and to test "
    "with. Connect a real model for real work."
)

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPTIONS = frozenset(
    {"temperature", "max_tokens", "top_p", "seed", "timeout", "max_concurrency", "num_retries", "model_type"}
    | {EMBEDDING_OPTION}
)
LOCAL = "local/"
"""What the names of checkpoints on this machine begin with; they have no base URL."""
API_KINDS = {"chat": "Chat completions", "text": "Text completions", "responses": "Responses"}
"""Kinds of requests that an endpoint may take, with their titles."""


@dataclass(frozen=True)
class Connection:
    """A model that can be chosen by name."""

    id: str
    """Empty for the embedded model, which is always there."""
    name: str
    base_url: str
    model: str
    key_env: str | None
    """Variable that holds the key; None for endpoints without one."""
    key_set: bool
    """Whether that variable is set here (true where none is needed)."""
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    embedded: bool = False


@dataclass(frozen=True)
class ConnectionTest:
    """What one short call to a model gave."""

    ok: bool
    latency: float
    reply: str = ""
    error: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    model: str
    prompt: float
    completion: float
    source: str
    """"setting" for one's own, else the date of the built-in list."""


@dataclass(frozen=True)
class CacheStats:
    """The cache of replies."""

    folder: str
    entries: int
    """Replies on disk."""
    bytes: int
    memory_entries: int


def list_models(ws: Workspace) -> list[Connection]:
    """Return what can be chosen as a model: the embedded one first, then the connections by name."""
    embedded = Connection("", EMBEDDED, "", EMBEDDED, None, True, embedded=True)
    with ws.store.read() as session:
        rows = session.scalars(select(ConnectionRow).order_by(ConnectionRow.name)).all()
    return [embedded, *map(_connection, rows)]


def save_connection(
    ws: Workspace,
    name: str,
    base_url: str,
    model: str,
    key_env: str | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    connection_id: str | None = None,
) -> Connection:
    """Add a connection, or change one.

    Args:
        base_url: Root of an OpenAI-compatible endpoint, e.g. "http://localhost:11434/v1"; empty for a checkpoint.
        model: The name that the endpoint knows; or "local/" and the folder of a checkpoint on this machine.
        key_env: Name of the environment variable with the key. Never the key.
        options: Sent with every request: temperature, max_tokens, …; `model_type` is a kind of `API_KINDS`.

    Raises:
        ConfigurationError: A value cannot be right; says which.
        StoreError: Another connection has that name.
    """
    values = {
        "name": _name(name),
        "base_url": "" if model.strip().startswith(LOCAL) and not base_url.strip() else _base_url(base_url),
        "model": checked_name(model),
        "key_env": _variable(key_env),
        "options": _checked_options(options or {}),
    }
    with ws.store.write() as session:
        other = session.scalar(select(ConnectionRow.id).where(ConnectionRow.name == values["name"]))
        if other not in (None, connection_id):
            raise StoreError(
                f"There is a connection '{values['name']}' already.", hint="Choose another name."
            )
        row = (
            require(session, ConnectionRow, connection_id, "connection") if connection_id else ConnectionRow()
        )
        for key, value in values.items():
            setattr(row, key, value)
        session.add(row)
        session.flush()
        return _connection(row)


def delete_connection(ws: Workspace, connection_id: str) -> None:
    """Remove a connection. Runs that used it keep their results."""
    with ws.store.write() as session:
        session.delete(require(session, ConnectionRow, connection_id, "connection"))


def test_connection(ws: Workspace, model: str) -> ConnectionTest:
    """Ask a model one short question, past the cache; a failure is a result, not an exception."""
    started = time.perf_counter()
    try:
        lm = open_model(ws.store, model, num_retries=0)
        reply = lm(messages=[{"role": "user", "content": "Say OK."}], cache="off")[0]
    except WorkbenchError as error:
        return ConnectionTest(
            False, time.perf_counter() - started, error=redact(error.message), hint=redact(error.hint)
        )
    text = reply if isinstance(reply, str) else str(reply.get("text", ""))
    return ConnectionTest(True, time.perf_counter() - started, reply=text[:500])


def list_prices(ws: Workspace) -> list[Price]:
    """Return all known prices, one's own first."""
    from core.lm.pricing import table

    return [Price(*row) for row in table(stored_prices(ws.store))]


def set_price(ws: Workspace, model: str, prompt: float | None, completion: float | None) -> None:
    """Set a model's price in US dollars per million tokens; None for both takes one's own price away.

    Raises:
        ConfigurationError: A price is negative or only one is given.
    """
    name = checked_name(model)
    with ws.store.write() as session:
        row = session.get(PriceRow, name)
        if prompt is None and completion is None:
            if row is not None:
                session.delete(row)
            return
        if prompt is None or completion is None or not (0 <= prompt < 1e6 and 0 <= completion < 1e6):
            raise ConfigurationError("A price is two numbers, zero or more.", hint="Give both, or neither.")
        row = row or PriceRow(model=name)
        row.prompt, row.completion, row.changed = prompt, completion, time.time()
        session.add(row)


def cache_stats(ws: Workspace) -> CacheStats:
    """Return how large the cache of replies is."""
    from core.lm.cache import active_cache

    stats = active_cache().stats()
    return CacheStats(
        folder=str(ws.config.cache_dir),
        entries=int(stats["disk_entries"]),
        bytes=int(stats["disk_bytes"]),
        memory_entries=int(stats["memory_entries"]),
    )


def clear_cache(ws: Workspace) -> None:
    """Forget every reply. Resuming an unfinished run then pays for its calls again."""
    from core.lm.cache import active_cache

    active_cache().clear()


def _connection(row: ConnectionRow) -> Connection:
    key_set = row.key_env is None or bool(os.environ.get(row.key_env))
    return Connection(row.id, row.name, row.base_url, row.model, row.key_env, key_set, dict(row.options))


def _name(name: str) -> str:
    text = checked_name(name)
    if text.startswith("embedded/"):
        raise ConfigurationError("Names that begin with embedded/ are taken.", hint="Choose another name.")
    return text


def _base_url(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "The base URL is no web address.", hint="Write it like http://localhost:11434/v1."
        )
    if parts.username or parts.password or parts.query:
        raise ConfigurationError(
            "The base URL must not hold a user name, a password or a query.",
            hint="Put the key into an environment variable and give the variable's name.",
        )
    return url.strip().rstrip("/")


def _variable(name: str | None) -> str | None:
    text = (name or "").strip()
    if not text:
        return None
    if not _VARIABLE.fullmatch(text) or text.lower().startswith(("sk-", "sk_")):
        raise ConfigurationError(
            "The key's place must be the name of an environment variable.",
            hint="For example OPENAI_API_KEY. Never paste the key itself: it would be stored.",
        )
    return text


def _checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise ConfigurationError(
            f"'{unknown[0]}' cannot be set for a connection.",
            hint=f"There are: {', '.join(sorted(_OPTIONS))}.",
        )
    kind = options.get("model_type")
    if kind is not None and kind not in API_KINDS:
        raise ConfigurationError(
            f"There is no kind of request called '{kind}'.", hint=f"There are: {', '.join(API_KINDS)}."
        )
    return {key: value for key, value in options.items() if value is not None}
