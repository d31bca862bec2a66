"""DSPy's side of every benchmark, through its public interface alone."""

from __future__ import annotations

import logging
import time
import warnings
from types import SimpleNamespace

import common

warnings.simplefilter("ignore")
import dspy  # noqa: E402

logging.disable(logging.WARNING)


class NoOp(dspy.BaseLM):
    reply = SimpleNamespace(
        choices=[SimpleNamespace(message=SimpleNamespace(content=common.ANSWER), finish_reason="stop")],
        usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        model="noop",
    )

    def forward(self, prompt=None, messages=None, **kwargs):
        return self.reply


class SyncProgram(dspy.Module):
    def __init__(self):
        super().__init__()
        self.step = dspy.Predict("question -> answer")

    def forward(self, question):
        return self.step(question=question)


def demos(n):
    return [dspy.Example(question=common.QUESTION.format(i), answer=f"answer {i}") for i in range(n)]


def rows(n):
    return [
        dspy.Example(question=common.QUESTION.format(i), answer="forty-two").with_inputs("question")
        for i in range(n)
    ]


def metric(example, prediction, trace=None):
    return prediction.answer == example.answer


def predict_call(task):
    predict = dspy.Predict("question -> answer")
    eight = dspy.Predict("question -> answer")
    eight.demos = demos(8)
    ask = {"question": common.QUESTION.format(0)}
    found = {}
    with dspy.context(lm=NoOp("noop", cache=False)):
        found["no-op, 0 demos"] = common.cpu_ms(lambda: predict(**ask), 60)
        found["no-op, 8 demos"] = common.cpu_ms(lambda: eight(**ask), 60)
    found["construction"] = common.cpu_ms(lambda: dspy.Predict("question -> answer"), 60)
    lm = dspy.LM("openai/bench", api_base=task["url"], api_key="none")
    with dspy.context(lm=lm):
        messages = dspy.ChatAdapter().format(predict.signature, [], ask)
        for name, memory in (("memory hit", True), ("disk hit", False)):
            dspy.configure_cache(enable_memory_cache=memory)
            lm(messages=messages)
            found[f"{name}, LM"] = common.cpu_ms(lambda: lm(messages=messages), 60)
            predict(**ask)
            found[f"{name}, Predict"] = common.cpu_ms(lambda: predict(**ask), 60)
    return found


def http(task):
    n, concurrency = task["n"], task["concurrency"]
    dspy.configure(lm=dspy.LM("openai/bench", api_base=task["url"], api_key="none", cache=False))
    predict = dspy.Predict("question -> answer")
    for i in range(20):
        predict(question=str(i))
    program = SyncProgram() if task["how"] == "sync" else predict
    evaluate = dspy.Evaluate(devset=rows(n), metric=metric, num_threads=concurrency)
    cpu, start = time.process_time(), time.perf_counter()
    result = evaluate(program)
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    assert result.score == 100.0, result.score
    return common.rate(n, seconds, used)


def cached(task):
    dspy.configure(lm=dspy.LM("openai/bench", api_base=task["url"], api_key="none"))
    program = dspy.Predict("question -> answer")
    evaluate = dspy.Evaluate(devset=rows(task["n"]), metric=metric, num_threads=task["threads"])
    if task["fill"]:
        evaluate(program)
    cpu, start = time.process_time(), time.perf_counter()
    result = evaluate(program)
    found = {"wall": time.perf_counter() - start, "CPU": time.process_time() - cpu}
    assert result.score == 100.0, result.score
    return found


def latency(task):
    dspy.configure(lm=dspy.LM("openai/bench", api_base=task["url"], api_key="none", cache=False))
    evaluate = dspy.Evaluate(devset=rows(task["n"]), metric=metric, num_threads=task["threads"])
    start = time.perf_counter()
    result = evaluate(dspy.Predict("question -> answer"))
    seconds = time.perf_counter() - start
    assert result.score == 100.0, result.score
    return {"seconds": seconds, "peak_mb": common.peak_mb()}


if __name__ == "__main__":
    given = common.task()
    common.report(
        {"predict_call": predict_call, "http": http, "cached": cached, "latency": latency}[given["do"]](given)
    )
