"""The floor: the same requests by a bare client, `aiohttp` or the `openai` SDK, with nothing around it."""

from __future__ import annotations

import asyncio
import json
import time

import common

SYSTEM = (
    "Your input fields are:\n1. `question` (str)\nYour output fields are:\n1. `answer` (str)\n" + "x" * 500
)


def messages(i):
    return [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": f"[[ ## question ## ]]\n{common.QUESTION.format(i)}"},
    ]


async def by_aiohttp(task):
    import aiohttp

    url = f"{task['url']}/chat/completions"
    headers = {"Authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def call(i):
            async with session.post(url, json={"model": "bench", "messages": messages(i)}) as response:
                data = json.loads(await response.read())
                return data["choices"][0]["message"]["content"]

        return await _measured(call, task)


async def latency(task):
    """As an evaluation in a fresh process has it: the library is imported and connections are opened in the time."""
    start = time.perf_counter()
    import aiohttp

    url = f"{task['url']}/chat/completions"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(i):
            async with session.post(url, json={"model": "bench", "messages": messages(i)}) as response:
                return json.loads(await response.read())["choices"][0]["message"]["content"]

        await common.many(call, task["n"], task["threads"])
    return {"seconds": time.perf_counter() - start, "peak_mb": common.peak_mb()}


async def by_openai(task):
    import openai

    async with openai.AsyncOpenAI(base_url=task["url"], api_key="none", max_retries=0) as client:

        async def call(i):
            done = await client.chat.completions.create(model="bench", messages=messages(i))
            return done.choices[0].message.content

        return await _measured(call, task)


async def _measured(call, task):
    await common.many(call, 20, 4)
    cpu, start = time.process_time(), time.perf_counter()
    await common.many(call, task["n"], task["concurrency"])
    return common.rate(task["n"], time.perf_counter() - start, time.process_time() - cpu)


if __name__ == "__main__":
    given = common.task()
    how = {"aiohttp": by_aiohttp, "openai": by_openai, "latency": latency}
    common.report(asyncio.run(how[given.get("how") or given["do"]](given)))
