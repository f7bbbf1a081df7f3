"""Places in the data file: given out in any order, lost in any order, never given twice."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfer.data.store import ClipStore, Entry, digest
from rdfer.data.store_write import Writer, write_rows

LENGTHS = [3, 1, 4, 1, 5, 2]


class Numbers(ClipStore):
    DATA = "numbers.bin"


def writer(path):
    return Writer(path, key="k", data=Numbers.DATA, shape=(2,), dtype="int32")


def rows(number):
    return np.random.default_rng(number).integers(0, 9, (LENGTHS[number], 2), dtype=np.int32)


def write(part, number, offset):
    array = rows(number)
    write_rows(part.data, offset, array)
    part.note(Entry(str(number), offset, len(array), len(array), digest(array)))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_order_of_writing_and_any_losses_end_the_same(data, tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("store")
    whole = writer(tmp_path / "whole")
    for number in range(len(LENGTHS)):
        whole.append(str(number), rows(number), loaded=1, digest=digest(rows(number)))
    whole.finish([str(k) for k in range(len(LENGTHS))], report={})

    path = tmp_path / "store"
    part = writer(path)
    held: dict[int, int] = {}
    for _ in range(data.draw(st.integers(0, 25), label="steps")):
        idle = [k for k in range(len(LENGTHS)) if k not in held and str(k) not in part.entries]
        event = data.draw(st.sampled_from(["reserve", "write", "lose", "kill"]))
        if event == "reserve" and idle:
            number = data.draw(st.sampled_from(idle))
            held[number] = part.reserve(str(number), LENGTHS[number])
        elif event in ("write", "lose") and held:
            number = data.draw(st.sampled_from(sorted(held)))
            offset = held.pop(number)
            if event == "write":
                write(part, number, offset)
            else:
                part.release(str(number))
        elif event == "kill":
            for number, offset in held.items():  # written in part, and not noted
                write_rows(part.data, offset, rows(number)[:1])
            noted = set(part.entries)
            part, held = writer(path), {}
            assert set(part.entries) == noted
    for number in range(len(LENGTHS)):
        if str(number) not in part.entries:
            if number not in held:
                held[number] = part.reserve(str(number), LENGTHS[number])
            write(part, number, held[number])
    part.finish([str(k) for k in range(len(LENGTHS))], report={})

    store = Numbers(path)
    store.verify()
    assert store.checksum == Numbers(tmp_path / "whole").checksum
    for number, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(
            store.rows[store.row_numbers([number], np.arange(length)[None])[0]], rows(number)
        )


def test_a_place_that_was_given_back_is_used_again(tmp_path):
    part = writer(tmp_path / "store")
    assert [part.reserve("a", 3), part.reserve("b", 2)] == [0, 3]
    part.release("a")
    part.release("never reserved")
    assert [part.reserve("c", 1), part.reserve("d", 2), part.reserve("e", 1)] == [0, 1, 5]
