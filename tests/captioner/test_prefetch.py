import threading
import time
from collections.abc import Iterator

import pytest

from captioner.prefetch import prefetch


def test_prefetch_keeps_the_order_and_loses_nothing() -> None:
    assert list(prefetch(range(50), lambda x: x * x, depth=3)) == [x * x for x in range(50)]
    assert list(prefetch([], str)) == []
    assert list(prefetch([None, 1], lambda x: x)) == [None, 1]


def test_prefetch_reads_ahead_by_the_depth_and_no_further() -> None:
    begun: list[int] = []
    third = threading.Event()

    def read(number: int) -> int:
        begun.append(number)
        if len(begun) == 4:
            third.set()
        return number

    results = prefetch(range(100), read, depth=2)
    assert next(results) == 0
    assert third.wait(5)  # two wait, one is read: 1, 2 and 3
    time.sleep(0.3)
    assert begun == [0, 1, 2, 3]
    results.close()


def test_reading_and_use_overlap() -> None:
    """Each read waits until the batch before it is in use: alone, that would never happen."""
    in_use = [threading.Event() for _ in range(5)]

    def read(number: int) -> int:
        assert number == 0 or in_use[number - 1].wait(5)
        return number

    for number in prefetch(range(5), read, depth=1):
        in_use[number].set()


@pytest.mark.parametrize("where", ["read", "batches"])
def test_an_error_comes_after_the_results_before_it(where: str) -> None:
    def batches() -> Iterator[int]:
        yield from range(3)
        if where == "batches":
            raise OSError("no more")
        yield 3

    def read(number: int) -> int:
        if number == 3:
            raise OSError("no more")
        return number

    results = prefetch(batches(), read)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="no more"):
        next(results)


def test_closing_early_ends_the_thread() -> None:
    results = prefetch(range(1000), lambda x: x)
    next(results)
    results.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_a_depth_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        prefetch([1], str, depth=0)
