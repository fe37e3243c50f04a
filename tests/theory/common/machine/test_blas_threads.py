from threading import Barrier, Event, Thread

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from convergen.theory.common.machine import blas_threads as module
from convergen.theory.common.machine.blas_threads import blas_threads_for, one_blas_thread


def blas_threads():
    found = {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
    assert found, "no BLAS library was found"
    return found


@pytest.fixture
def two_threads():
    """Two BLAS threads, whatever the environment of the tests allows."""
    scipy.linalg.lu_factor(np.eye(2))
    with threadpool_limits(2, user_api="blas"):
        if blas_threads() != {2}:
            pytest.skip("this BLAS cannot use two threads")
        yield


def test_the_limit_holds_inside_and_ends(two_threads):
    with one_blas_thread():
        assert blas_threads() == {1}
        with one_blas_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {2}
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == {2}


def test_small_matrices_take_one_thread_and_large_ones_all(two_threads):
    with blas_threads_for(2**18):
        assert blas_threads() == {1}
    with blas_threads_for(2**18 + 1):
        assert blas_threads() == {2}
    assert blas_threads() == {2}


def test_threads_that_blas_may_use(two_threads):
    assert module.blas_threads() == 2
    with one_blas_thread():
        assert module.blas_threads() == 1


def test_threads_that_leave_in_any_order_leave_no_limit(two_threads):
    """The second would else restore what it found, which is the limit of the first."""
    inside, left, seen = Barrier(2), Event(), []

    def other():
        with one_blas_thread():
            seen.extend(blas_threads())
            inside.wait()
            left.wait()

    thread = Thread(target=other)
    with one_blas_thread():
        thread.start()
        inside.wait()
    left.set()
    thread.join()
    assert seen == [1]
    assert blas_threads() == {2}
