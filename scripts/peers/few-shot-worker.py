"""lm-evaluation-harness with worked examples and chat templates over the official files, one JSON line in, one out.

usage: few-shot-worker.py CHECKPOINT THREADS DATA_FOLDER
in:  {"task": "mmlu_anatomy", "documents": 50, "fewShot": 5, "chat": "multi-turn" | "single-turn" | null}
out: {"docs": [{"requests": [[context, continuation], ...], "logprobs": [...], "greedy": [...], "acc": 1.0}, ...]}
The training splits are the files `train` of the data folder, whatever was put there.
"""
import json
import sys
from pathlib import Path

import datasets
import torch

from mmlu_rows import mmlu

folder = Path(sys.argv[3])


def lines(name):
    with open(folder / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def piqa(split):
    labels = (folder / f"piqa/{split}-labels.lst").read_text().split()
    return [{**row, "label": int(label)} for row, label in zip(lines(f"piqa/{split}.jsonl"), labels, strict=True)]


def arc(part, split):
    return [
        {
            "question": row["question"]["stem"],
            "choices": {key: [choice[key] for choice in row["question"]["choices"]] for key in ("text", "label")},
            "answerKey": row["answerKey"],
        }
        for row in lines(f"arc/ARC-{part}-{split}.jsonl")
    ]


def splits(path, name):
    if path == "baber/piqa":
        return {"train": piqa("train"), "validation": piqa("valid")}
    if path == "allenai/ai2_arc":
        part = name.removeprefix("ARC-")
        return {"train": arc(part, "Train"), "validation": arc(part, "Dev"), "test": arc(part, "Test")}
    if path == "cais/mmlu":
        return {"dev": mmlu(folder, name, "dev"), "test": mmlu(folder, name, "test")}
    raise ValueError(path)


def load_dataset(path, name=None, **_):
    found = splits(path, name)
    return datasets.DatasetDict({split: datasets.Dataset.from_list(rows) for split, rows in found.items()})


datasets.load_dataset = load_dataset

from lm_eval import simple_evaluate  # noqa: E402  after the replacement
from lm_eval.models.huggingface import HFLM  # noqa: E402

torch.set_num_threads(int(sys.argv[2]))
model = HFLM(pretrained=sys.argv[1], device="cpu", dtype="float32", batch_size=4)
print(json.dumps({"ready": True}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    run = simple_evaluate(
        model=model,
        tasks=[request["task"]],
        limit=request["documents"],
        num_fewshot=request["fewShot"],
        apply_chat_template=request["chat"] is not None,
        fewshot_as_multiturn=request["chat"] == "multi-turn",
        bootstrap_iters=0,
        log_samples=True,
    )
    docs = [
        {
            "requests": [list(arguments) for arguments in sample["arguments"]],
            "logprobs": [logprob for ((logprob, _),) in sample["resps"]],
            "greedy": [greedy for ((_, greedy),) in sample["resps"]],
            "acc": sample["acc"],
        }
        for sample in sorted(run["samples"][request["task"]], key=lambda sample: sample["doc_id"])
    ]
    print(json.dumps({"docs": docs}), flush=True)
