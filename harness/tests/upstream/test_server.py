from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from provider_bench import Bench, body_with, events, kind, script

from gatecert.desktop import assemble
from gatecert.upstream import (
    Block,
    Plan,
    Provider,
    ProviderUnreachable,
    default_text,
    messages_api,
    new_token,
)
from gatecert.wire import Child, ChildError


def test_a_stream_says_the_default_text(bench: Bench) -> None:
    wanted = script(Plan())
    response = bench.post(wanted)
    message = assemble(events(response.content))
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (message.text, message.problems) == (default_text(wanted.token), [])
    receipt = bench.receipt(wanted)
    assert (receipt.status, receipt.outcome) == (200, "answered")
    assert len(receipt.event_ns) == len(message.names)
    assert receipt.arrived_ns <= receipt.first_write_ns <= receipt.event_ns[-1]


def test_a_whole_answer_says_the_same(bench: Bench) -> None:
    wanted = script(Plan(), stream=False)
    content = bench.post(wanted).json()["content"]
    assert content == [{"type": "text", "text": default_text(wanted.token)}]


def test_a_request_without_a_directive_is_answered(bench: Bench) -> None:
    response = bench.http.post("/v1/messages", json=body_with("hello", stream=False))
    assert response.json()["content"][0]["text"].startswith("Answer for ")


def test_status_headers_and_error_are_as_planned(bench: Bench) -> None:
    error = {"type": "rate_limit_error", "message": "slow down"}
    response = bench.post(script(Plan(status=429, headers={"Retry-After": "7"}, error=error)))
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.json()["error"] == error
    assert response.json()["request_id"] == response.headers["request-id"]


def test_an_error_quotes_the_header_that_the_plan_names(bench: Bench) -> None:
    error = {"message": "invalid x-api-key"}
    response = bench.post(script(Plan(status=401, error=error, quote="x-api-key")))
    quoted = bench.http.headers["x-api-key"]
    assert response.json()["error"]["message"] == f"invalid x-api-key: {quoted}"


def test_a_body_replaces_the_answer_byte_for_byte(bench: Bench) -> None:
    html = "<h1>é</h1>"
    response = bench.post(
        script(Plan(status=503, body=html, headers={"Content-Type": "text/html"}))
    )
    assert (response.status_code, response.content) == (503, html.encode())
    assert response.headers.get_list("content-type") == ["text/html"]


def test_an_error_event_ends_a_stream_and_is_a_529_otherwise(bench: Bench) -> None:
    plan = Plan(error_event={"type": "overloaded_error", "message": "no"}, error_event_after=2)
    assert [e.name for e in events(bench.post(script(plan)).content)][-1] == "error"
    assert bench.post(script(plan, stream=False)).status_code == 529


@pytest.mark.parametrize(
    "plan", [Plan(cut_events=3), Plan(cut_events=3, reset=True), Plan(cut_bytes=500)], ids=str
)
def test_a_stream_is_cut_where_planned(bench: Bench, plan: Plan) -> None:
    wanted = script(plan)
    came, broke_off = bench.read(wanted)
    names = [event.name for event in events(came)]
    assert broke_off
    assert "message_stop" not in names
    if plan.cut_bytes:
        assert len(came) == plan.cut_bytes
    else:
        assert names == ["message_start", "content_block_start", "ping"]
    assert bench.receipt(wanted).outcome == "cut"


def test_a_whole_answer_is_cut_where_planned(bench: Bench) -> None:
    wanted = script(Plan(cut_bytes=10), stream=False)
    with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"):
        bench.post(wanted)
    assert bench.receipt(wanted).outcome == "cut"


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_is_dropped_before_any_answer(bench: Bench, reset: bool) -> None:
    wanted = script(Plan(drop=True, reset=reset))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        bench.post(wanted)
    assert (bench.receipt(wanted).outcome, bench.receipt(wanted).status) == ("dropped", 0)


def test_a_held_answer_goes_on_when_released(bench: Bench) -> None:
    wanted = script(Plan(hold_after=2, hold_ms=9_000))
    came = b""
    with bench.http.stream("POST", "/v1/messages", json=wanted.body) as response:
        for piece in response.iter_raw():
            came += piece
            if b"content_block_start" in came and b"ping" not in came:
                bench.provider.release(wanted.token)
    assert assemble(events(came)).problems == []
    assert bench.receipt(wanted).hold == "released"


def test_a_whole_answer_is_held_between_its_head_and_its_body(bench: Bench) -> None:
    wanted = script(Plan(hold_after=0, hold_ms=9_000), stream=False)
    with bench.http.stream("POST", "/v1/messages", json=wanted.body) as response:
        assert response.status_code == 200  # the head is there, the body is held
        bench.provider.release(wanted.token)
        assert b'"type": "message"' in response.read()
    assert bench.receipt(wanted).hold == "released"


def test_requests_are_counted_by_provider(bench: Bench) -> None:
    before = bench.provider.counts()
    bench.post(script(Plan()))
    after = bench.provider.counts()
    assert after["primary"] == before.get("primary", 0) + 1


def test_a_held_answer_goes_on_when_the_time_is_up(bench: Bench) -> None:
    wanted = script(Plan(hold_after=2, hold_ms=20))
    assert assemble(events(bench.post(wanted).content)).problems == []
    assert bench.receipt(wanted).hold == "expired"


def test_a_client_that_leaves_a_held_answer_is_noticed(bench: Bench) -> None:
    wanted = script(Plan(hold_after=2, hold_ms=9_000))
    with bench.http.stream("POST", "/v1/messages", json=wanted.body) as response:
        assert b"message_start" in next(response.iter_raw())
    receipt = bench.receipt(wanted)
    assert (receipt.hold, receipt.outcome) == ("client-left", "client-left")


def test_an_echo_tells_what_arrived(bench: Bench) -> None:
    wanted = script(Plan(echo=True))
    told = bench.post(wanted, "/v1/messages?beta=true").json()
    assert (told["provider"], told["method"]) == ("primary", "POST")
    assert told["target"] == "/v1/messages?beta=true"
    assert told["body_bytes"] == len(bench.receipt(wanted).body)


@pytest.mark.parametrize(
    ("prefix", "provider"), [("", "primary"), ("/backup", "backup"), ("/other", "other")]
)
def test_the_path_chooses_the_provider(bench: Bench, prefix: str, provider: str) -> None:
    text = [Block("text", [f"I am {name}"]) for name in ("primary", "backup", "other")]
    names = ("primary", "backup", "other")
    wanted = script({n: (Plan(blocks=[b]),) for n, b in zip(names, text, strict=True)})
    response = bench.post(wanted, f"{prefix}/v1/messages?beta=true")
    assert assemble(events(response.content)).text == f"I am {provider}"
    receipt = bench.receipt(wanted)
    assert (receipt.provider, receipt.target) == (provider, "/v1/messages?beta=true")


def test_each_attempt_has_its_plan(bench: Bench) -> None:
    wanted = script({"primary": (Plan(status=500), Plan(status=529), Plan())})
    assert [bench.post(wanted).status_code for _ in range(4)] == [500, 529, 200, 200]
    assert bench.post(wanted, "/backup/v1/messages").status_code == 200
    receipts = bench.provider.receipts(wanted.token)
    assert [r.provider for r in receipts] == ["primary"] * 4 + ["backup"]


def test_tokens_are_counted(bench: Bench) -> None:
    wanted = script(Plan(input_tokens=123))
    counted = bench.post(wanted, "/v1/messages/count_tokens?beta=true")
    assert counted.json() == {"input_tokens": 123}


def test_models_are_listed(bench: Bench) -> None:
    response = bench.http.get("/v1/models?limit=1000")
    assert response.json() == messages_api.model_list()


@pytest.mark.parametrize("credential", [{}, {"authorization": "Bearer"}, {"authorization": ""}])
def test_a_request_without_a_credential_is_401(bench: Bench, credential: dict[str, str]) -> None:
    response = bench.http.get("/v1/models", headers={"x-api-key": "", **credential})
    assert (response.status_code, kind(response)) == (401, "authentication_error")


def test_a_bearer_is_a_credential(bench: Bench) -> None:
    headers = {"x-api-key": "", "authorization": "Bearer sk-test"}
    assert bench.http.get("/v1/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/v1/messages"),
        ("POST", "//v1/messages"),
        ("POST", "/messages"),
        ("POST", "/v1/messages/"),
        ("GET", "/v1/messages"),
        ("POST", "/v1/models"),
        ("POST", "/primary/v1/messages"),
    ],
)
def test_an_unknown_path_is_404(bench: Bench, method: str, path: str) -> None:
    response = bench.http.request(method, bench.url + path, json=script(Plan()).body)
    assert (response.status_code, kind(response)) == (404, "not_found_error")


def test_a_request_without_a_version_is_400(bench: Bench) -> None:
    response = bench.http.post(
        "/v1/messages", json=body_with("hi"), headers={"anthropic-version": ""}
    )
    assert (response.status_code, kind(response)) == (400, "invalid_request_error")


def test_a_directive_that_cannot_be_obeyed_is_400_and_kept(bench: Bench) -> None:
    token = new_token()
    text = f'@@gatecert {token} {{"primary":{{"speed":1}}}} @@'
    response = bench.http.post("/v1/messages", json=body_with(text))
    assert response.status_code == 400
    assert "unknown key 'speed'" in response.json()["error"]["message"]
    (receipt,) = bench.provider.receipts(token)
    assert "unknown key" in receipt.refused


def test_a_broken_body_is_400_and_kept_under_its_token(bench: Bench) -> None:
    wanted = script(Plan())
    raw = json.dumps(wanted.body).encode()[:-3] + b"\xff"
    response = bench.http.post("/v1/messages", content=raw)
    assert (response.status_code, kind(response)) == (400, "invalid_request_error")
    assert bench.receipt(wanted).body == raw


def test_a_receipt_keeps_target_headers_and_body_as_they_came(bench: Bench) -> None:
    wanted = script(Plan(), stream=False)
    body = json.dumps(wanted.body).encode()
    host, _, port = bench.url.removeprefix("http://").partition(":")
    headers = [("HOST", host), ("x-B", "1"), ("X-api-KEY", "k"), ("X-a", "\xe9"), ("x-b", "2")]
    headers += [("Anthropic-Version", "2023-06-01"), ("content-LENGTH", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    target = "/v1/messages?a=%2F&b"
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        assert sock.recv(100).startswith(b"HTTP/1.1 200")
        receipt = bench.receipt(wanted)
    assert (receipt.method, receipt.target, receipt.body) == ("POST", target, body)
    assert receipt.headers == headers


def test_receipts_can_be_asked_for_since_a_number(bench: Bench) -> None:
    since = bench.provider.hello()
    wanted = script(Plan())
    bench.post(wanted)
    bench.http.get("/v1/models")
    seen = bench.provider.receipts_since(since)
    assert [(r.token, r.method) for r in seen] == [(wanted.token, "POST"), ("", "GET")]
    assert bench.provider.receipts(new_token(), wait_ms=0) == []


def test_an_address_that_is_no_provider_is_unreachable(bench: Bench) -> None:
    for url in ("http://127.0.0.1:1", bench.url + "/backup"):
        stranger = Provider(url)
        with pytest.raises(ProviderUnreachable, match="127"):
            stranger.hello()
        stranger.close()


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ChildError, match=f"provider's address {address} is in use"):
            Child.python("provider", "gatecert.upstream", [address])


def test_a_child_says_that_it_does_not_stand_by_itself(bench: Bench) -> None:
    assert not bench.provider.standalone()
    assert bench.http.get("/_gatecert/hello").json()["standalone"] is False


def test_an_address_in_use_is_told_as_the_cause() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ChildError) as caught:
            Child.python("provider", "gatecert.upstream", [address])
    assert (caught.value.facts["address"], caught.value.facts["in_use"]) == (address, True)


def test_waiting_for_a_request_ends_with_its_arrival_while_the_answer_is_held(bench: Bench) -> None:
    wanted = script(Plan(hold_after=1, hold_ms=5_000))
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(bench.post, wanted)
        (receipt,) = bench.provider.arrived(wanted.token, 1)
        bench.provider.release(wanted.token)
        assert answer.result().status_code == 200
    assert receipt.outcome == "open"
    assert bench.provider.arrived(wanted.token, 2, wait_ms=1) == bench.provider.receipts(
        wanted.token
    )
