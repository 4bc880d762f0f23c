from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatecert.desktop.wirehead import host_in_place

names = st.lists(
    st.text(alphabet="abcdefgXYZ-", min_size=1, max_size=8).filter(lambda n: n.lower() != "host"),
    max_size=6,
    unique_by=str.lower,
)


def head(order: list[str]) -> bytes:
    return b"GET / HTTP/1.1\r\n" + b"".join(f"{n}: v\r\n".encode() for n in order) + b"\r\n"


@given(names, st.integers(min_value=0, max_value=6), st.sampled_from(["Host", "host", "HOST"]))
def test_the_host_goes_back_to_its_place(others: list[str], place: int, host: str) -> None:
    wanted = [*others[:place], host, *others[place:]]
    assert host_in_place(head([host, *others]), wanted) == head(wanted)


@given(names)
def test_a_head_without_a_host_stays_as_it_is(others: list[str]) -> None:
    assert host_in_place(head(others), others) == head(others)


@given(st.binary(max_size=60))
def test_what_is_no_head_stays_as_it_is(data: bytes) -> None:
    assert host_in_place(data, ["A", "Host", "B", "C"]) == data


def test_a_body_behind_the_head_is_not_touched() -> None:
    data = head(["Host", "A"]) + b"x\r\nHost: y\r\n"
    assert host_in_place(data, ["A", "Host"]) == head(["A", "Host"]) + b"x\r\nHost: y\r\n"
