"""The openai backend against a real server on this machine that fails in every way."""

import socket
import threading
import time

import pytest

from captioner.gate import STATUSES
from schemas.errors import UserError
from tests.captioner.backends.openai_clips import ask, assert_good, connected, name
from tests.captioner.backends.serving import Exchange, Unruly, completion, free_port, good
from tests.captioner.backends.unruly_cases import CASES, Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_failure_has_its_status_and_leaves_its_neighbours_alone(case: Case) -> None:
    with (
        Unruly({name(2): case.behave}) as server,
        connected(server.url, timeout_s=case.timeout_s) as captioner,
    ):
        answers = ask(captioner, 1, 2, 3)
        assert_good(answers["clip1"], 1)
        assert_good(answers["clip3"], 3)
        assert answers["clip2"].status == case.status, answers["clip2"]
        assert case.status in STATUSES, "the ladder knows it"
        assert case.message in answers["clip2"].message
        assert server.counts[name(2)] == case.asked
        if case.status == "ok":
            assert answers["clip2"].text
        else:
            assert answers["clip2"].message


def test_answers_bear_the_ids_of_their_clips_whatever_order_they_come_in() -> None:
    def slow_first(exchange: Exchange) -> None:
        time.sleep(0.4 / float(exchange.clip[1:].split(".")[0]))
        good(exchange)

    with Unruly(otherwise=slow_first) as server, connected(server.url) as captioner:
        answers = ask(captioner, *range(1, 9))
        for number in range(1, 9):
            assert_good(answers[f"clip{number}"], number)
        assert server.most_at_once > 1


def test_an_answer_to_another_request_is_swapped_and_one_given_twice_is_both() -> None:
    tokens: dict[str, str] = {}

    def exchanged(exchange: Exchange) -> None:
        tokens[exchange.clip] = exchange.handler.headers["X-Request-Id"]
        other = {name(1): name(2), name(2): name(1)}[exchange.clip]
        while other not in tokens:
            time.sleep(0.005)
        exchange.send_json(200, completion(exchange, id=f"chatcmpl-{tokens[other]}"))

    def cached(exchange: Exchange) -> None:
        choice = {"index": 0, "message": {"content": "A dog."}, "finish_reason": "stop"}
        exchange.send_json(200, completion(exchange, id="chatcmpl-5", choices=[choice]))

    unruly = {name(1): exchanged, name(2): exchanged, name(4): cached, name(5): cached}
    with Unruly(unruly) as server, connected(server.url) as captioner:
        answers = ask(captioner, 1, 2, 3, 4, 5)
        assert_good(answers.pop("clip3"), 3)
        assert {answer.status for answer in answers.values()} == {"swapped"}
        # The same answer in a later batch is as little worth.
        assert ask(captioner, 4)["clip4"].status == "swapped"


def test_no_more_requests_are_under_way_than_allowed() -> None:
    def slow(exchange: Exchange) -> None:
        time.sleep(0.03)
        good(exchange)

    with Unruly(otherwise=slow) as server, connected(server.url, concurrency=3) as captioner:
        ask(captioner, *range(20))
        assert server.most_at_once == 3


def test_requests_begin_no_faster_than_allowed() -> None:
    begun: list[float] = []

    def note(exchange: Exchange) -> None:
        begun.append(time.monotonic())
        good(exchange)

    with Unruly(otherwise=note) as server, connected(server.url, requests_per_minute=600) as fast:
        ask(fast, *range(8))
    # 600 a minute are 100 ms apart; a late one may be followed closely by the next in turn.
    assert begun[-1] - begun[0] > 0.5


def test_a_server_asked_to_wait_is_left_alone_for_as_long_as_it_says() -> None:
    times: list[float] = []

    def busy(exchange: Exchange) -> None:
        times.append(time.monotonic())
        if exchange.count == 1:
            exchange.send_json(503, {"error": "loading"}, Retry_After="0.3")
        else:
            good(exchange)

    with Unruly({name(1): busy}) as server, connected(server.url) as captioner:
        assert_good(ask(captioner, 1)["clip1"], 1)
    assert times[1] - times[0] >= 0.3


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "refused the key"), (403, "refused the key"), (402, "payment"), (404, "does not know")],
)
def test_what_holds_for_every_request_stops_at_once(status: int, told: str) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.send_json(status, {"error": {"message": "no such thing"}})

    with Unruly(otherwise=refuse) as server, connected(server.url, concurrency=2) as captioner:
        with pytest.raises(UserError, match=told) as caught:
            ask(captioner, *range(50))
        assert caught.value.hint
        assert sum(server.counts.values()) <= 4, "the other clips are not tried"


def test_an_unpaid_account_is_not_asked_again() -> None:
    def unpaid(exchange: Exchange) -> None:
        exchange.send_json(429, {"error": {"message": "no", "code": "insufficient_quota"}})

    with Unruly(otherwise=unpaid) as server, connected(server.url) as captioner:
        with pytest.raises(UserError, match="payment"):
            ask(captioner, 1)
        assert server.counts[name(1)] == 1


def test_a_server_that_turns_every_clip_away_stops_the_run() -> None:
    def busy(exchange: Exchange) -> None:
        exchange.send_json(429, {"error": "slow down"})

    def other(exchange: Exchange) -> None:
        exchange.send_json(200, completion(exchange, model="guesser"))

    with Unruly(otherwise=busy) as server, connected(server.url) as captioner:
        for_all = pytest.raises(UserError, match="turned every request away")
        with for_all:
            ask(captioner, 1, 2)
    with Unruly(otherwise=other) as server, connected(server.url) as captioner:
        with pytest.raises(UserError, match="another model") as caught:
            ask(captioner, 1, 2)
        assert "answers_as" in caught.value.hint
    with Unruly(otherwise=other) as server, connected(server.url, answers_as="guesser") as alias:
        assert_good(ask(alias, 1)["clip1"], 1)


def test_a_server_that_goes_away_stops_the_run() -> None:
    with Unruly() as server, connected(server.url, max_retries=1) as captioner:
        assert_good(ask(captioner, 1)["clip1"], 1)
        server.server.shutdown()
        server.server.server_close()
        captioner._server._run(captioner._server._wire.aclose())  # no kept connections
        captioner._server._wire = captioner._server._run(captioner._server._connect())
        with pytest.raises(UserError, match="cannot be reached"):
            ask(captioner, 1, 2)


def test_a_server_that_is_not_there_or_hangs_on_connect_is_named() -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(UserError, match="cannot be reached"), connected(nobody, max_retries=1):
        pass
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # fill its queue: who comes now waits for ever
            one.setblocking(False)
            one.connect_ex(address)
        begun = time.monotonic()
        deaf = f"http://127.0.0.1:{address[1]}/v1"
        with (
            pytest.raises(UserError, match="cannot be reached"),
            connected(deaf, max_retries=1, timeout_s=1.0),
        ):
            pass
        assert time.monotonic() - begun < 5
        for one in waiting:
            one.close()


def test_an_address_without_a_server_name_is_refused() -> None:
    for url in ("localhost:8000/v1", "ftp://x/v1", "http:///v1", ""):
        with pytest.raises(UserError, match="no address"), connected(url):
            pass


def test_the_model_is_the_only_one_listed_and_its_revision_what_is_told() -> None:
    with Unruly() as server:
        with connected(server.url) as captioner:
            assert captioner.model == "looker"
            assert captioner.revision == "org/looker-7b, created 1700000000"
        with connected(server.url, model="other") as captioner:
            assert (captioner.model, captioner.revision) == ("other", "unstated")


def test_a_date_that_is_the_time_of_asking_is_no_revision() -> None:
    def fresh(exchange: Exchange) -> None:
        exchange.send_json(200, {"data": [{"id": "looker", "created": int(time.time())}]})

    with Unruly(models=fresh) as server, connected(server.url) as captioner:
        assert captioner.revision == "unstated"


@pytest.mark.parametrize(
    ("cards", "told"),
    [
        ([{"id": "a"}, {"id": "b"}], "several models: `a`, `b`"),
        ([], "does not say"),
        (None, "not say"),
    ],
)
def test_a_model_must_be_chosen_where_the_list_does_not_tell(cards: object, told: str) -> None:
    with Unruly(models=lambda x: x.send_json(200, {"data": cards})) as server:
        url = server.url
        with pytest.raises(UserError, match=told), connected(url):
            pass


def test_a_captioner_can_be_closed_twice_and_leaves_no_thread() -> None:
    with Unruly() as server:
        before = set(threading.enumerate())
        with connected(server.url) as captioner:
            started = set(threading.enumerate()) - before
        captioner.close()
    names = {t.name for t in started}
    assert "openai-captioner" in names
    assert not [t for t in started if t.name == "openai-captioner" and t.is_alive()]
