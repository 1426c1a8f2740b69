"""What the commands begin with, settings from the environment, and how they fail: one line on standard error."""

import os
import sys
from typing import NoReturn

import rich_click as click

from deploy.settings import BadSetting, Settings, read_settings
from registry.kit import logging

CHILD_DSN = "KILNWOOD_CHILD_DSN"
"""Where a child process finds the database: set by its parent, and not a setting."""
URL, KEY, KEY_FILE = "KILNWOOD_URL", "KILNWOOD_KEY", "KILNWOOD_KEY_FILE"
"""Which service a trader's commands speak to, and with which key; no settings of a service."""
_OTHERS = {CHILD_DSN, URL, KEY, KEY_FILE}


def fail(text: str, code: int = 1) -> NoReturn:
    """End with *code* and one line on standard error."""
    click.echo(f"kilnwood: {text}", err=True)
    sys.exit(code)


def read_environment() -> Settings:
    """The settings; logging is set up by them. Ends the process with code 2 where one cannot be used."""
    environment = {name: text for name, text in os.environ.items() if name not in _OTHERS}
    try:
        settings = read_settings(environment)
    except BadSetting as error:
        fail(f"these settings cannot be used:\n{error}", 2)
    people = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    logging.configure(json=not people, level=settings.log_level)
    return settings
