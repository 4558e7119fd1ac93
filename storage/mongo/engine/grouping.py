"""Many callers' items in one transaction, so that they do not meet at the same documents.

If a group fails, each item is tried once more alone: the error is then its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from core.errors import StoreError

Item = TypeVar("Item")
Answer = TypeVar("Answer")
LARGEST: Final = 64


class Grouping(Generic[Item, Answer]):
    """One group at a time; what comes in meanwhile is the next group."""

    def __init__(self, do: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._do = do
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Answer:
        """The answer to ``item``, once its group is stored."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            try:
                await self._answer(group)
            except StoreError as error:
                if len(group) == 1:
                    _fail(group[0][1], error)
                    continue
                for each in group:
                    try:
                        await self._answer([each])
                    except StoreError as own:
                        _fail(each[1], own)
            except Exception as error:  # a bug: whoever waits must hear of it
                for _, future in group:
                    _fail(future, error)

    async def _answer(self, group: Sequence[tuple[Item, asyncio.Future[Answer]]]) -> None:
        answers = await self._do([item for item, _ in group])
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.done():
                future.set_result(answer)


def _fail(future: "asyncio.Future[Answer]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
