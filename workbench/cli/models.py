"""`workbench models`: list models, add, test or remove a connection.

Knows nothing about endpoints. Keys are named by their variable and never given here.
"""

from __future__ import annotations

import argparse

from core.foundation.errors import ConfigurationError
from workbench.cli.common import emit, open_home
from workbench.cli.run_text import table
from workbench.services import models

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("action", nargs="?", default="list", choices=("list", "add", "test", "remove"))
    parser.add_argument("name", nargs="?", help="name of the connection")
    parser.add_argument("--base-url", default="", metavar="URL", help="add: root of the endpoint")
    parser.add_argument("--model", default="", help="add: the name that the endpoint knows")
    parser.add_argument("--key-env", metavar="VARIABLE", help="add: environment variable that holds the key")
    parser.add_argument(
        "--embedding-model",
        metavar="NAME",
        help="add: what the endpoint embeds with, for retrieval by meaning",
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked."""
    ws = open_home(options)
    if options.action == "list":
        found = models.list_models(ws)
        rows = [(item.name, item.model, item.base_url, item.key_env or "", item.key_set) for item in found]
        emit(
            options, {"models": found}, table(rows, ("name", "model", "base URL", "key variable", "key set"))
        )
        return 0
    if not options.name:
        raise ConfigurationError("Which model?", hint="Give its name.")
    if options.action == "add":
        embedding = {"embedding_model": options.embedding_model} if options.embedding_model else {}
        made = models.save_connection(
            ws, options.name, options.base_url, options.model, options.key_env, options=embedding
        )
        emit(options, made, f"{made.name}: {made.model} at {made.base_url}")
        return 0
    if options.action == "test":
        result = models.test_connection(ws, options.name)
        text = (
            f"ok in {result.latency:.2f} s: {result.reply}" if result.ok else f"{result.error}\n{result.hint}"
        )
        emit(options, result, text.rstrip())
        return 0 if result.ok else 1
    for item in models.list_models(ws):
        if item.name == options.name and item.id:
            models.delete_connection(ws, item.id)
            emit(options, {"removed": item.name}, f"{item.name} removed")
            return 0
    raise ConfigurationError(f"There is no connection '{options.name}'.", hint="See: workbench models")
