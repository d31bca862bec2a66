"""Logging is switched off and on for the whole engine."""

import logging

import core


def test_what_models_say_is_switched_apart(caplog) -> None:
    models, programs = logging.getLogger("core.lm.openai_client"), logging.getLogger("core.predict")
    try:
        with caplog.at_level(logging.DEBUG):
            core.disable_litellm_logging()
            models.warning("unheard")
            models.error("heard")
            programs.warning("of a program")
            core.enable_litellm_logging()
            models.debug("all of it")
    finally:
        logging.getLogger("core.lm").setLevel(logging.NOTSET)
    assert caplog.messages == ["heard", "of a program", "all of it"]


def test_logging_is_switched_off_and_on_again(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        core.disable_logging()
        logging.getLogger("core.predict").warning("first")
        core.enable_logging()
        logging.getLogger("core.predict").warning("second")
    assert caplog.messages == ["second"]
