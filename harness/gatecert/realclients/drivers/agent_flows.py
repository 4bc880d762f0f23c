"""One flow of the Claude Agent SDK, as standard input says; run by its own interpreter.

Standard input is JSON: ``prompts``, ``options`` (of ``ClaudeAgentOptions``) and ``client`` (whether
one client is kept for all prompts). Nothing of gatecert may be imported here.
"""

import asyncio
import importlib
import json
import sys
from typing import Any


async def ask_once(sdk: Any, options: Any, prompts: list[str]) -> None:
    """Each prompt by a query of its own."""
    for prompt in prompts:
        async for _ in sdk.query(prompt=prompt, options=options):
            pass


async def ask_one_client(sdk: Any, options: Any, prompts: list[str]) -> None:
    """All prompts to one client, one after the other."""
    async with sdk.ClaudeSDKClient(options=options) as client:
        for prompt in prompts:
            await client.query(prompt)
            async for _ in client.receive_response():
                pass


def main() -> int:
    """Read what to do, and do it."""
    wanted = json.load(sys.stdin)
    sdk = importlib.import_module("claude_agent_sdk")
    options = sdk.ClaudeAgentOptions(**wanted["options"])
    ask = ask_one_client if wanted["client"] else ask_once
    asyncio.run(ask(sdk, options, wanted["prompts"]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
