"""Logging is switched off and on for the whole engine."""

import logging

import core


def test_logging_is_switched_off_and_on_again(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        core.disable_logging()
        logging.getLogger("core.predict").warning("first")
        core.enable_logging()
        logging.getLogger("core.predict").warning("second")
    assert caplog.messages == ["second"]
