"""D2: real processes, SIGKILL, both databases, real servers on loopback. Children are forked from this warm process.

D1, a kill while an update is written, is in tests/actions/test_kills.py.
"""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack
from functools import partial
from itertools import product

import pytest

from broadcasters.http import Request
from statuspage.core.deliveries import Delivery
from statuspage.store.engine import Database
from statuspage.worker.dispatcher import Dispatcher
from tests.delivery.kill_child import CONTAINED, POINTS, DyingTransport, context, dispatch_and_die
from tests.delivery.real import FORKS, in_child, served, states, tell, until, wait_for, wrong
from tests.simulation.networks import BROADCASTERS, FakeNetwork

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings(FORKS)]
TIMES = 20
QUIET_S = 0.15


@pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"])
@pytest.mark.parametrize(
    ("kind", "point"), [*product(("natural", "keyed", "staged", "bare"), POINTS), ("staged", CONTAINED)]
)  # fmt: skip
def test_a_process_killed_at_any_point_neither_loses_nor_doubles(
    kind: str, point: str, database_url: str, request: pytest.FixtureRequest
) -> None:
    """D2: 5 points x 4 classes x 20, and a sixth of staged posts; each on an account of its own, the successors work side by side."""
    url = request.getfixturevalue(database_url)
    networks: dict[str, FakeNetwork] = {}
    told: list[Delivery] = []
    with ExitStack() as stack:
        database = Database(url)
        stack.callback(database.close)
        successors = []
        for number in range(TIMES):
            account = f"{kind}-{number}"
            address, networks[account] = stack.enter_context(served(kind))
            told.append(tell(database, kind, number, account))
            database.close()  # no connection is shared with the child
            assert wait_for(in_child(partial(dispatch_and_die, url, kind, address, point, account))) == signal.SIGKILL
            ctx = context(url, kind, address, DyingTransport(die=False), quiet_s=QUIET_S, account=account)
            stack.callback(ctx.ports.store.close)  # type: ignore[attr-defined]
            successors.append(Dispatcher(ctx, account, BROADCASTERS))
            stack.callback(successors[-1].close)
        until(lambda: [successor.step() for successor in successors] and set(states(database)) == {"delivered"})

        assert wrong(database, networks, told) == []
        assert [len(network.posts) for network in networks.values()] == [1] * TIMES


def test_the_answer_is_json() -> None:
    """The served fakes answer what their broadcasters read."""
    with served("bare") as (address, _):
        answer = DyingTransport(die=False).exchange(Request("GET", f"{address}/me", {"Authorization": "Bearer good"}))

    assert json.loads(answer.body) == {"name": "bare"}
