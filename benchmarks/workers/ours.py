"""Our side of every benchmark."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import common

import core
from core.foundation.drive import io_loop


class NoOp(core.BaseLM):
    """Answers at once, as DSPy's side does."""

    reply = SimpleNamespace(
        choices=[SimpleNamespace(message=SimpleNamespace(content=common.ANSWER), finish_reason="stop")],
        usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        model="noop",
    )

    def forward(self, prompt=None, messages=None, **kwargs):
        return self.reply


class SyncProgram(core.Module):
    """What a user writes who has never heard of async."""

    def __init__(self):
        super().__init__()
        self.step = core.Predict("question -> answer")

    def forward(self, question):
        return self.step(question=question)


def demos(n):
    return [core.Example(question=common.QUESTION.format(i), answer=f"answer {i}") for i in range(n)]


def rows(n):
    return [
        core.Example(question=common.QUESTION.format(i), answer="forty-two").with_inputs("question")
        for i in range(n)
    ]


def metric(example, prediction, trace=None):
    return prediction.answer == example.answer


def predict_call(task):
    predict = core.Predict("question -> answer")
    eight = core.Predict("question -> answer")
    eight.demos = demos(8)
    ask = {"question": common.QUESTION.format(0)}
    found = {}
    with core.context(lm=NoOp("noop", cache=False)):
        found["no-op, 0 demos"] = common.cpu_ms(lambda: predict(**ask), 300)
        found["no-op, 8 demos"] = common.cpu_ms(lambda: eight(**ask), 300)
    found["construction"] = common.cpu_ms(lambda: core.Predict("question -> answer"), 300)
    lm = core.LM("openai/bench", api_base=task["url"], api_key="none")
    with core.context(lm=lm):
        messages = core.ChatAdapter().format(predict.signature, [], ask)
        for name, memory in (("memory hit", True), ("disk hit", False)):
            core.configure_cache(enable_memory_cache=memory)
            lm(messages=messages)
            found[f"{name}, LM"] = common.cpu_ms(lambda: lm(messages=messages), 300)
            predict(**ask)
            found[f"{name}, Predict"] = common.cpu_ms(lambda: predict(**ask), 300)
    return found


def http(task):
    n, concurrency = task["n"], task["concurrency"]
    lm = core.LM("openai/bench", api_base=task["url"], api_key="none", cache=False)
    core.configure(lm=lm)
    predict = core.Predict("question -> answer")
    program = SyncProgram() if task["how"] == "sync" else predict
    for i in range(20):
        predict(question=str(i))
    cpu, start = time.process_time(), time.perf_counter()
    if task["how"] in ("gather", "tasks"):

        async def ask_all():
            return await common.many(
                lambda i: predict.acall(question=common.QUESTION.format(i)), n, concurrency
            )

        if task["how"] == "gather":
            asyncio.run(ask_all())
        else:  # where Evaluate runs its rows, too
            asyncio.run_coroutine_threadsafe(ask_all(), io_loop()).result()
    else:
        evaluate = core.Evaluate(devset=rows(n), metric=metric, num_threads=concurrency)
        result = evaluate(program)
        assert result.score == 100.0, result.score
    return common.rate(n, time.perf_counter() - start, time.process_time() - cpu)


def cached(task):
    core.configure(lm=core.LM("openai/bench", api_base=task["url"], api_key="none"))
    program = core.Predict("question -> answer")
    devset = rows(task["n"])
    evaluate = core.Evaluate(devset=devset, metric=metric, num_threads=task["threads"])
    if task["fill"]:
        evaluate(program)
    cpu, start = time.process_time(), time.perf_counter()
    result = evaluate(program)
    found = {"wall": time.perf_counter() - start, "CPU": time.process_time() - cpu}
    assert result.score == 100.0, result.score
    return found


def latency(task):
    beginning = time.perf_counter()
    core.configure(lm=core.LM("openai/bench", api_base=task["url"], api_key="none", cache=False))
    model = time.perf_counter() - beginning  # loads the HTTP client; DSPy loads its own at `import dspy`
    evaluate = core.Evaluate(
        devset=rows(task["n"]), metric=metric, num_threads=task["threads"], max_errors=10
    )
    start = time.perf_counter()
    result = evaluate(core.Predict("question -> answer"))
    seconds = time.perf_counter() - start
    assert result.score == 100.0, result.score
    return {"seconds": seconds, "with_model": model + seconds, "peak_mb": common.peak_mb()}


if __name__ == "__main__":
    given = common.task()
    common.report(
        {"predict_call": predict_call, "http": http, "cached": cached, "latency": latency}[given["do"]](given)
    )
