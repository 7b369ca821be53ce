"""A client of Herdbook: reads and writes its records, keeps exact copies of them, and works on without a network."""

from herdbook_client.answers import Delta, Page, Row
from herdbook_client.client import Client
from herdbook_client.copy import Change, Copy
from herdbook_client.errors import HerdbookError, Refused, SinceTooOld, Unreachable
from herdbook_client.mirror import Mirror
from herdbook_client.outbox import Entry, Outbox, State
from herdbook_client.replay import Outcome, replay
from herdbook_client.retry import Patience
from herdbook_client.store import AnswerStore

__all__ = [
    "AnswerStore",
    "Change",
    "Client",
    "Copy",
    "Delta",
    "Entry",
    "HerdbookError",
    "Mirror",
    "Outbox",
    "Outcome",
    "Page",
    "Patience",
    "Refused",
    "Row",
    "SinceTooOld",
    "State",
    "Unreachable",
    "replay",
]
