"""One call of the Anthropic SDK for Python, as standard input says; run by its own interpreter.

Standard input is JSON: ``call``, ``options`` (arguments of the client) and ``prompt``. Exit code 0
if the call succeeded, 1 if the SDK raised. Nothing of gatecert may be imported here.
"""

import importlib
import json
import sys
from typing import Any

MODEL = "claude-sonnet-4-5"


def make(client: Any, call: str, prompt: str) -> None:
    """Make one call; names as in the captures."""
    messages = [{"role": "user", "content": prompt}]
    said: dict[str, Any] = {"model": MODEL, "max_tokens": 64, "messages": messages}
    if call == "create":
        client.messages.create(**said)
    elif call == "stream":
        with client.messages.stream(**said) as stream:
            stream.get_final_message()
    elif call == "rawstream":
        list(client.messages.create(**said, stream=True))
    elif call == "betacreate":
        client.beta.messages.create(**said, betas=["foo-2026-01-01"])
    elif call == "count":
        client.messages.count_tokens(model=MODEL, messages=messages)
    elif call == "betacount":
        client.beta.messages.count_tokens(model=MODEL, messages=messages)
    elif call == "models":
        client.models.list()
    elif call == "models1000":
        client.models.list(limit=1000)
    elif call == "model":
        client.models.retrieve(MODEL)
    else:
        raise SystemExit(f"no call {call!r}")


def main() -> int:
    """Read what to do, and do it."""
    wanted = json.load(sys.stdin)
    sdk = importlib.import_module("anthropic")
    try:
        make(sdk.Anthropic(**wanted["options"]), wanted["call"], wanted["prompt"])
    except Exception as exc:  # the shape of the request counts, whatever came of it
        print(type(exc).__name__)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
