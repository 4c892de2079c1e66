"""The rooms whose texts are all in `_(...)` and in Chinese; once that is every room, this list goes."""

from tests.messages.texts import CLICK

TRANSLATED = (CLICK, "tables", "adapters", "usecases", "cli", "demo", "folder", "storage", "rpc", "bootstrap")
