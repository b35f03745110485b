"""What the log says, and what it need not."""

import logging


class RefusalsInOneLine(logging.Filter):
    """A request that was refused is told without the traceback: the portal did what it should."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True
