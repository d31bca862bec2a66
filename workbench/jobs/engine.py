"""From stored rows to the engine's objects: model, adapter, program, examples, metric.

Knows nothing about runs. Pages, jobs and the command line all come through here, so that a program gives the same
answers at every door.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from core.foundation.errors import ConfigurationError, DataError, LMConfigurationError
from workbench.config import Config
from workbench.store import Store, require
from workbench.store.tables import ConnectionRow, DataRow, DatasetRow, PriceRow

if TYPE_CHECKING:
    from core.data.example import Example
    from core.lm import Embedder
    from core.lm.base import BaseLM
    from core.modules import Module


__all__ = [
    "EMBEDDED",
    "EMBEDDING_OPTION",
    "engine_context",
    "load_examples",
    "load_program",
    "make_adapter",
    "open_embedder",
    "open_model",
    "stored_prices",
    "use_cache_folder",
]

EMBEDDED = "embedded/in-context"
"""The model that needs no key and no network."""

EMBEDDING_OPTION = "embedding_model"
"""The option of a connection that names the embedding model at its endpoint."""


def use_cache_folder(config: Config) -> None:
    """Point the process's cache of replies at the configured folder, unless it is there already."""
    from core.lm.cache import active_cache, configure_cache

    if active_cache().directory != config.cache_dir:
        configure_cache(disk_cache_dir=config.cache_dir)


def open_model(store: Store, name: str, **settings: Any) -> BaseLM:
    """Return the language model called `name`: a connection, the embedded one, or "provider/model".

    Args:
        **settings: Temperature and the like; None leaves the model's own.

    Raises:
        LMConfigurationError: There is no such model, or the variable with its key is not set.
    """
    from core.lm import LM

    chosen = {key: value for key, value in settings.items() if value is not None}
    with store.read() as session:
        row = session.scalar(select(ConnectionRow).where(ConnectionRow.name == name))
    if row is None:
        if "/" not in name:
            raise LMConfigurationError(
                f"There is no model called '{name}'.",
                hint=f"Choose {EMBEDDED} or a connection of the settings page, or write provider/model.",
            )
        lm = LM(name, **chosen)
        if isinstance(lm, LM):  # and not the embedded one
            lm.connection.require_key()
        return lm
    options = {key: value for key, value in row.options.items() if key != EMBEDDING_OPTION}
    if not row.base_url:  # a checkpoint on this machine
        return LM(row.model, **{**options, **chosen})
    # The prefix keeps a name such as "openai/gpt-4o" at another host whole; the key goes to this host alone.
    return LM(f"openai/{row.model}", api_base=row.base_url, api_key=_key(row), **{**options, **chosen})


def open_embedder(store: Store, name: str) -> Embedder | None:
    """Return what steps that retrieve by meaning embed with under the model called `name`.

    It is the embedding model of that connection, at its endpoint; None, where it names none, is the embedded one.

    Raises:
        LMConfigurationError: The variable with its key is not set.
    """
    from core.lm import Embedder

    with store.read() as session:
        row = session.scalar(select(ConnectionRow).where(ConnectionRow.name == name))
    wanted = row.options.get(EMBEDDING_OPTION) if row is not None else None
    if row is None or not wanted or not row.base_url:
        return None
    return Embedder(f"openai/{wanted}", api_base=row.base_url, api_key=_key(row))


def make_adapter(name: str) -> Any:
    """Return the adapter called `name`.

    Raises:
        UnknownNameError: There is none.
    """
    from core.adapters.base import adapters

    made = adapters.get(name)
    return made() if isinstance(made, type) else made


def load_program(spec: Mapping[str, Any], state: Mapping[str, Any] | None) -> Module:
    """Return the runnable program of a version.

    Raises:
        PipelineError: The spec cannot be built.
        StateError: The state does not fit it.
    """
    from core.pipeline import ProgramSpec, build

    program = build(ProgramSpec.model_validate(dict(spec)))
    if state is not None:
        program.load_state(dict(state))
    return program


def load_examples(
    store: Store, dataset_id: str, split: str | None, limit: int | None = None
) -> list[Example]:
    """Return a dataset's examples, inputs set: a split in the order it was dealt, all in the order of the file.

    Args:
        split: Only those of this split.
        limit: Only the first so many.

    Raises:
        DataError: There are none.
    """
    from core.data.example import Example

    query = select(DataRow).where(DataRow.dataset_id == dataset_id)
    if split:
        query = query.where(DataRow.split == split).order_by(DataRow.rank.is_(None), DataRow.rank)
    with store.read() as session:
        info = require(session, DatasetRow, dataset_id, "dataset")
        rows = session.scalars(query.order_by(DataRow.position).limit(limit)).all()
    if not rows:
        raise DataError(
            f"The dataset '{info.name}' has no rows{f' in the split {split!r}' if split else ''}.",
            hint="Split it on the data page, or choose another split." if split else "Add rows first.",
        )
    return [Example(row.data).with_id(row.example_id).with_inputs(*info.inputs) for row in rows]


def stored_prices(store: Store) -> dict[str, tuple[float, float]]:
    """Return the prices set by hand: model → US dollars per million prompt and completion tokens."""
    with store.read() as session:
        return {row.model: (row.prompt, row.completion) for row in session.scalars(select(PriceRow))}


@contextmanager
def engine_context(
    store: Store, lm: BaseLM, adapter: str, embedder: Embedder | None = None
) -> Generator[None, None, None]:
    """Run the engine with this model, adapter and embedder and the stored prices, in this thread only."""
    from core.settings import context

    with context(lm=lm, adapter=make_adapter(adapter), embedder=embedder, prices=stored_prices(store)):
        yield


def _key(row: ConnectionRow) -> str:
    """The key of a connection, from the variable it names; empty where it needs none."""
    if not row.key_env:
        return ""
    value = os.environ.get(row.key_env)
    if not value:
        raise LMConfigurationError(
            f"The variable {row.key_env}, which holds the key of '{row.name}', is not set.",
            hint="Set it before starting the workbench and its worker; keys are never stored.",
        )
    return value


def checked_split(split: str | None) -> str | None:
    """Return the name of a split as it is stored.

    Raises:
        ConfigurationError: There is no split of that name.
    """
    if split in (None, "", "all"):
        return None
    if split not in ("train", "validation", "test"):
        raise ConfigurationError(
            f"There is no split '{split}'.", hint="Choose train, validation, test or all."
        )
    return split
