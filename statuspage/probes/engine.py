"""One thread, many checks in flight: epoll, libcurl's multi interface by socket actions, timers.

A probe is a generator that yields operations (Transfer, Query, Pause, Aside, Together) and gets each one's result back; helpers
compose with `yield from`. So a probe reads like a plain function, and hundreds of them share the thread:

    engine.run(fetch(request, look))             one, and wait for it (tests, `statuspage probe run`)
    engine.start(probe(target, look), done)      one of many; then engine.turn(0.2) again and again

Operations report what went wrong as values. Only our own mistakes are exceptions; they end the one check they are in.
"""

from __future__ import annotations

import heapq
import itertools
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import pycurl

T = TypeVar("T")
Ended: TypeAlias = Callable[[Any, BaseException | None], None]  # value and None, or None and what was raised
Stop: TypeAlias = Callable[[], None]


class Operation(Protocol):
    """Something that takes time."""

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        """Starts it; `ended` is called once, later, from a turn. Calling what is returned abandons it: then `ended` is not called."""
        ...


Work: TypeAlias = Generator[Operation, Any, T]


class Timer:
    """Something due at a moment of the engine's clock."""

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class Task:
    """One generator on its way. cancel() abandons it where it stands; its `ended` is not called."""

    def __init__(self, engine: Engine, work: Work[Any], ended: Ended) -> None:
        self._engine = engine
        self._work = work
        self._ended: Ended | None = ended
        self._stop: Stop | None = None
        engine.tasks.add(self)
        engine.soon(lambda: self._advance(None, None))

    def cancel(self) -> None:
        if self._ended is None:
            return
        self._ended = None
        self._engine.tasks.discard(self)
        if self._stop is not None:
            self._stop()
            self._stop = None
        self._work.close()

    def _advance(self, value: Any, error: BaseException | None) -> None:
        if self._ended is None:
            return
        self._stop = None
        try:
            operation = self._work.send(value) if error is None else self._work.throw(error)
            self._stop = operation.begin(self._engine, self._resume)
        except StopIteration as over:
            self._finish(over.value, None)
        except Exception as mistake:  # the check's end, not the engine's
            self._finish(None, mistake)

    def _resume(self, value: Any, error: BaseException | None) -> None:
        self._engine.soon(lambda: self._advance(value, error))

    def _finish(self, value: Any, error: BaseException | None) -> None:
        ended, self._ended = self._ended, None
        self._engine.tasks.discard(self)
        self._work.close()
        if ended is not None:
            ended(value, error)


class Engine:
    """The loop. Everything here happens in the thread that calls turn() or run(), except what Aside takes elsewhere."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.connections = 0  # sockets opened by transfers since the start
        self.tasks: set[Task] = set()  # under way
        self._epoll = select.epoll()
        self._watchers: dict[int, Callable[[int], None]] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._ready: deque[Callable[[], None]] = deque()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._curl_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._curl_timer)
        self._curl_due: float | None = None
        self._transfers: dict[pycurl.Curl, Callable[[int, str], None]] = {}
        self._aside: ThreadPoolExecutor | None = None
        self._from_aside: deque[Callable[[], None]] = deque()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.watch(self._wake, select.EPOLLIN, lambda _events: self._woken())
        self._closed = False

    # --- for those who run checks

    def start(self, work: Work[Any], ended: Ended) -> Task:
        """Begins a check; `ended(value, error)` is called from a later turn."""
        return Task(self, work, ended)

    def run(self, work: Work[T]) -> T:
        """Runs one check to its end. Raises what it raised."""
        result: list[tuple[Any, BaseException | None]] = []
        self.start(work, lambda value, error: result.append((value, error)))
        while not result:
            self.turn(1.0)
        value, error = result[0]
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]

    def turn(self, max_wait_s: float) -> None:
        """Waits for something to happen, at most that long, and does what is due."""
        if self._ready:
            max_wait_s = 0.0
        for fd, events in self._epoll.poll(self._wait(max_wait_s)):
            watcher = self._watchers.get(fd)
            if watcher is not None:
                watcher(events)
        if self._curl_due is not None and self._curl_due <= self.monotonic():
            self._curl_due = None
            self._curl_act(pycurl.SOCKET_TIMEOUT, 0)
        self._run_timers()
        for _ in range(len(self._ready)):
            self._ready.popleft()()

    def close(self) -> None:
        """Ends the helper thread and closes every socket; checks in flight are abandoned."""
        if self._closed:
            return
        self._closed = True
        if self._aside is not None:
            self._aside.shutdown(wait=True, cancel_futures=True)
        for task in list(self.tasks):
            task.cancel()
        for _ in range(len(self._ready)):
            self._ready.popleft()()  # what operations still had to close
        self._multi.close()
        self._epoll.close()
        os.close(self._wake)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- for operations

    def soon(self, call: Callable[[], None]) -> None:
        """Calls it in this turn or the next."""
        self._ready.append(call)

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Calls it after that many seconds."""
        timer = Timer(call)
        heapq.heappush(self._timers, (self.monotonic() + seconds, next(self._order), timer))
        return timer

    def watch(self, fd: int, events: int, call: Callable[[int], None]) -> None:
        """Calls it with the events of epoll whenever `fd` is ready; a second call replaces the first."""
        if fd in self._watchers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
        self._watchers[fd] = call

    def unwatch(self, fd: int) -> None:
        if self._watchers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def transfer(self, curl: pycurl.Curl, ended: Callable[[int, str], None]) -> None:
        """Starts a prepared transfer; `ended` gets libcurl's code (0: fine) and its message."""
        self._transfers[curl] = ended
        self._multi.add_handle(curl)

    def drop(self, curl: pycurl.Curl) -> None:
        """Abandons a transfer; its connection is closed."""
        if self._transfers.pop(curl, None) is not None:
            self._multi.remove_handle(curl)

    def aside(self, call: Callable[[], Any], ended: Ended) -> None:
        """Runs `call`, which may wait for the store, in the one helper thread, so that no check in flight waits with it."""
        if self._aside is None:
            self._aside = ThreadPoolExecutor(1, thread_name_prefix="probe-aside")

        def work() -> None:
            try:
                value, error = call(), None
            except Exception as mistake:
                value, error = None, mistake
            self._from_aside.append(lambda: ended(value, error))
            os.eventfd_write(self._wake, 1)

        self._aside.submit(work)

    # --- inside

    def _wait(self, max_wait_s: float) -> float:
        until = [self.monotonic() + max_wait_s]
        if self._curl_due is not None:
            until.append(self._curl_due)
        while self._timers and self._timers[0][2].call is None:
            heapq.heappop(self._timers)
        if self._timers:
            until.append(self._timers[0][0])
        return max(0.0, min(until) - self.monotonic())

    def _run_timers(self) -> None:
        now = self.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, timer = heapq.heappop(self._timers)
            if timer.call is not None:
                timer.call()

    def _woken(self) -> None:
        os.eventfd_read(self._wake)
        while self._from_aside:
            self.soon(self._from_aside.popleft())

    def _curl_timer(self, timeout_ms: int) -> None:
        self._curl_due = None if timeout_ms < 0 else self.monotonic() + timeout_ms / 1000

    def _curl_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        if what == pycurl.POLL_REMOVE:
            self.unwatch(fd)
            return
        wanted = (select.EPOLLIN if what & pycurl.POLL_IN else 0) | (select.EPOLLOUT if what & pycurl.POLL_OUT else 0)
        self.watch(fd, wanted, lambda events: self._curl_ready(fd, events))

    def _curl_ready(self, fd: int, events: int) -> None:
        mask = (pycurl.CSELECT_IN if events & (select.EPOLLIN | select.EPOLLHUP) else 0) | (
            pycurl.CSELECT_OUT if events & select.EPOLLOUT else 0
        )
        self._curl_act(fd, mask | (pycurl.CSELECT_ERR if events & select.EPOLLERR else 0))

    def _curl_act(self, fd: int, mask: int) -> None:
        self._multi.socket_action(fd, mask)
        more = 1
        while more:
            more, fine, failed = self._multi.info_read()
            for curl in fine:
                self._curl_over(curl, 0, "")
            for curl, code, message in failed:
                self._curl_over(curl, code, message)

    def _curl_over(self, curl: pycurl.Curl, code: int, message: str) -> None:
        ended = self._transfers.get(curl)
        if ended is not None:
            ended(code, message)
            self.drop(curl)


@dataclass(frozen=True)
class Pause:
    """Lets that many seconds pass."""

    seconds: float

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        return engine.later(self.seconds, lambda: ended(None, None)).cancel


@dataclass(frozen=True)
class Aside:
    """Calls something that may wait (the store), in the helper thread; gives what it returned, or raises what it raised."""

    call: Callable[[], Any]

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        wanted = threading.Event()
        wanted.set()
        engine.aside(self.call, lambda value, error: ended(value, error) if wanted.is_set() else None)
        return wanted.clear


@dataclass(frozen=True)
class Together:
    """Runs several pieces of work at once; gives their results in the same order. Raises the first mistake among them."""

    works: Sequence[Work[Any]]

    def as_work(self) -> Work[list[Any]]:
        """For Engine.start() and run(), which take a generator."""
        results: list[Any] = yield self
        return results

    def begin(self, engine: Engine, ended: Ended) -> Stop:
        results: list[Any] = [None] * len(self.works)
        left = len(self.works)
        tasks: list[Task] = []

        def stop() -> None:
            for task in tasks:
                task.cancel()

        def one(index: int, value: Any, error: BaseException | None) -> None:
            nonlocal left
            results[index] = value
            left -= 1
            if error is not None:
                stop()
                ended(None, error)
            elif left == 0:
                ended(results, None)

        if not self.works:
            ended(results, None)
        for index, work in enumerate(self.works):
            tasks.append(engine.start(work, lambda value, error, index=index: one(index, value, error)))  # type: ignore[misc]
        return stop
