"""Log records as lines of JSON, where the application has not configured logging itself."""

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """One JSON object for each record: time, level, logger, process, message, and how relays stand."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if (relay := getattr(record, "relay", None)) is not None:
            said["relay"] = relay
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def configure_logging(is_terminal: bool) -> None:
    """Log to stderr, as JSON or, on a terminal, as text; an application that has handlers of its own keeps them."""
    logger = logging.getLogger("uow_events")
    if logger.hasHandlers():
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s") if is_terminal else JsonLines())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
