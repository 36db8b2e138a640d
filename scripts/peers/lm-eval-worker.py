"""lm-evaluation-harness with its own task definitions over the official files, one JSON line in, one out.

usage: lm-eval-worker.py CHECKPOINT THREADS DATA_FOLDER
in:  {"task": "piqa", "documents": 50, "batchSize": 8}   the first documents of the split
out: {"docs": [{"logprobs": [...], "greedy": [...], "acc": 1.0, "acc_norm": 0.0}, ...], "results": {...}, "seconds": s}
"""
import json
import sys
import time
from pathlib import Path

import datasets
import torch

folder = Path(sys.argv[3])


def lines(name):
    with open(folder / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def piqa():
    labels = (folder / "piqa/valid-labels.lst").read_text().split()
    return [{**row, "label": int(label)} for row, label in zip(lines("piqa/valid.jsonl"), labels, strict=True)]


def arc(part):
    rows = lines(f"arc/ARC-{part}-Test.jsonl")
    return [
        {
            "question": row["question"]["stem"],
            "choices": {key: [choice[key] for choice in row["question"]["choices"]] for key in ("text", "label")},
            "answerKey": row["answerKey"],
        }
        for row in rows
    ]


# What the harness asks the hub for (path, name): the split it scores, and its rows.
SOURCES = {
    ("baber/piqa", None): ("validation", piqa),
    ("allenai/ai2_arc", "ARC-Easy"): ("test", lambda: arc("Easy")),
    ("allenai/ai2_arc", "ARC-Challenge"): ("test", lambda: arc("Challenge")),
    ("allenai/winogrande", "winogrande_xl"): ("validation", lambda: lines("winogrande/winogrande_dev_noqid.jsonl")),
    ("EleutherAI/lambada_openai", "default"): ("test", lambda: lines("lambada/lambada_test.jsonl")),
}


def load_dataset(path, name=None, **_):
    split, rows = SOURCES[path, name]
    found = datasets.Dataset.from_list(rows())
    # The harness opens all splits that a definition names; only this one is scored.
    return datasets.DatasetDict({each: found for each in {"train", "validation", "test", split}})


datasets.load_dataset = load_dataset

from lm_eval import simple_evaluate  # noqa: E402  after the replacement
from lm_eval.models.huggingface import HFLM  # noqa: E402

torch.set_num_threads(int(sys.argv[2]))
models = {}
print(json.dumps({"ready": True}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    size = request.get("batchSize", 8)
    if size not in models:
        models.clear()
        models[size] = HFLM(pretrained=sys.argv[1], device="cpu", dtype="float32", batch_size=size)
    start = time.perf_counter()
    run = simple_evaluate(
        model=models[size], tasks=[request["task"]], limit=request["documents"], bootstrap_iters=0, log_samples=True
    )
    seconds = time.perf_counter() - start
    docs = [
        {
            "logprobs": [logprob for ((logprob, _),) in sample["resps"]],
            "greedy": [greedy for ((_, greedy),) in sample["resps"]],
            "acc": sample.get("acc"),
            "acc_norm": sample.get("acc_norm"),
        }
        for sample in sorted(run["samples"][request["task"]], key=lambda sample: sample["doc_id"])
    ]
    print(json.dumps({"docs": docs, "results": run["results"][request["task"]], "seconds": seconds}), flush=True)
