"""Reading beside the writer: a few threads, each with its own connection."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from core.errors import StoreError
from storage.encryption import Coder
from storage.sqlite.errors import translate
from storage.sqlite.work import View

R = TypeVar("R")
THREADS: Final = 4


class Readers:
    """Runs queries, each in one snapshot of the database."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], coder: Coder, path: str) -> None:
        self._connect = connect
        self._coder = coder
        self._path = path
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store-reader")
        self._own = threading.local()
        self._closed = False
        self._opened: list[sqlite3.Connection] = []

    async def ask(self, query: Callable[[View], R]) -> R:
        """The answer of ``query``, which must not write."""
        if self._closed:
            raise StoreError(f"{self._path} is closed. Open the store again.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, query)

    def close(self) -> None:
        """Blocks until running queries are done."""
        self._closed = True
        self._pool.shutdown()
        for db in self._opened:
            db.close()

    def _ask(self, query: Callable[[View], R]) -> R:
        try:
            view = self._view()
            view.db.execute("BEGIN")
            try:
                return query(view)
            finally:
                view.db.execute("COMMIT")
        except sqlite3.Error as error:
            raise translate(error, self._path) from error

    def _view(self) -> View:
        view: View | None = getattr(self._own, "view", None)
        if view is None:
            db = self._connect()
            db.execute("PRAGMA query_only = ON")
            self._opened.append(db)
            view = self._own.view = View(db, self._coder)
        return view
