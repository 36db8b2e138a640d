"""lm-evaluation-harness with its own task definitions over the official files, one JSON line in, one out.

usage: lm-eval-worker.py CHECKPOINT THREADS DATA_FOLDER
in:  {"task": "piqa", "documents": 50, "batchSize": 8}   the first documents of the split
     "fewShot": worked examples where not the task's own number
     "folder": where the task's own definition lies, as a YAML file with its data beside it
     with "output", a folder, the harness's own results and samples files are written there
out: {"docs": [{"requests": [[context, continuation], ...], "logprobs": [...], "greedy": [...], "acc": 1.0, "acc_norm": 0.0},
     ...], "results": {...}, "seconds": s}
     a document of a task that generates is {"prompt": p, "text": t, "answers": {filter: a, ...}, "scores": {filter: s, ...}}
"""
import gzip
import json
import sys
import time
from pathlib import Path

import datasets
import torch

from mmlu_rows import mmlu

folder = Path(sys.argv[3])


def text(name):
    packed = folder / f"{name}.gz"
    return gzip.open(packed, "rt", encoding="utf-8").read() if packed.exists() else (folder / name).read_text("utf-8")


def lines(name):
    return [json.loads(line) for line in text(name).split("\n") if line.strip()]


def piqa():
    labels = (folder / "piqa/valid-labels.lst").read_text().split()
    return [{**row, "label": int(label)} for row, label in zip(lines("piqa/valid.jsonl"), labels, strict=True)]


def multiple_choice(name):
    rows = lines(name)
    return [
        {
            "question": row["question"]["stem"],
            "choices": {key: [choice[key] for choice in row["question"]["choices"]] for key in ("text", "label")},
            "answerKey": row["answerKey"],
        }
        for row in rows
    ]


def openbookqa():
    return [
        {"question_stem": row["question"], "choices": row["choices"], "answerKey": row["answerKey"]}
        for row in multiple_choice("openbookqa/test.jsonl")
    ]


def super_glue(part, labels, rename=None):
    """Labels as the hub's numbers; spans of WSC as `wsc.fixed` has them: in the case of the text."""
    rows = []
    for row in lines(f"superglue/{part}/val.jsonl"):
        spans = row.pop("target", {})
        for key in ("span1_text", "span2_text"):
            if key in spans and spans[key] not in row["text"]:
                word = row["text"].split()[spans[key.replace("text", "index")]]
                first = spans[key][0].lower() if word[0].islower() else spans[key][0].upper()
                spans[key] = (first + spans[key][1:]).rstrip(".").replace("\n", " ")
        row = {**row, **spans, "label": labels.index(row["label"])}
        rows.append({(rename or {}).get(key, key): value for key, value in row.items()})
    return rows


def truthfulqa():
    # Pairs, because a Python object would drop an answer that comes twice.
    rows = json.loads(text("truthfulqa/mc_task.json"), object_pairs_hook=list)
    return [
        {
            "question": row["question"],
            **{
                key: {"choices": [answer for answer, _ in row[key]], "labels": [label for _, label in row[key]]}
                for key in ("mc1_targets", "mc2_targets")
            },
        }
        for row in map(dict, rows)
    ]


# What the harness asks the hub for (path, name): the split it scores, and its rows.
SOURCES = {
    ("baber/piqa", None): ("validation", piqa),
    ("allenai/ai2_arc", "ARC-Easy"): ("test", lambda: multiple_choice("arc/ARC-Easy-Test.jsonl")),
    ("allenai/ai2_arc", "ARC-Challenge"): ("test", lambda: multiple_choice("arc/ARC-Challenge-Test.jsonl")),
    ("allenai/winogrande", "winogrande_xl"): ("validation", lambda: lines("winogrande/winogrande_dev_noqid.jsonl")),
    ("EleutherAI/lambada_openai", "default"): ("test", lambda: lines("lambada/lambada_test.jsonl")),
    ("cimec/lambada", None): (
        "test",
        lambda: [{"text": line} for line in text("lambada/lambada_test_plain_text.txt").split("\n") if line],
    ),
    ("Rowan/hellaswag", None): ("validation", lambda: lines("hellaswag/hellaswag_val.jsonl")),
    ("allenai/openbookqa", "main"): ("test", openbookqa),
    ("allenai/sciq", None): ("test", lambda: json.loads(text("sciq/test.json"))),
    ("aps/super_glue", "boolq"): ("validation", lambda: super_glue("BoolQ", [False, True])),
    ("aps/super_glue", "cb"): ("validation", lambda: super_glue("CB", ["entailment", "contradiction", "neutral"])),
    ("aps/super_glue", "copa"): ("validation", lambda: super_glue("COPA", [0, 1])),
    ("nyu-mll/glue", "rte"): (
        "validation",
        lambda: super_glue(
            "RTE", ["entailment", "not_entailment"], {"premise": "sentence1", "hypothesis": "sentence2"}
        ),
    ),
    ("aps/super_glue", "wic"): ("validation", lambda: super_glue("WiC", [False, True])),
    ("aps/super_glue", "wsc.fixed"): ("validation", lambda: super_glue("WSC", [False, True])),
    ("openai/gsm8k", "main"): ("test", lambda: lines("gsm8k/test.jsonl")),
    ("truthfulqa/truthful_qa", "multiple_choice"): ("validation", truthfulqa),
}


load_dataset_itself = datasets.load_dataset
own_folder = None


def load_dataset(path, name=None, data_files=None, **_):
    if path == "json":
        files = {split: str(own_folder / file) for split, file in data_files.items()}
        return load_dataset_itself(path, data_files=files)
    if path == "cais/mmlu":
        return datasets.DatasetDict({each: datasets.Dataset.from_list(mmlu(folder, name, each)) for each in ("dev", "test")})
    split, rows = SOURCES[path, name]
    found = datasets.Dataset.from_list(rows())
    # The harness opens all splits that a definition names; only this one is scored.
    return datasets.DatasetDict({each: found for each in {"train", "validation", "test", split}})


datasets.load_dataset = load_dataset

from lm_eval import simple_evaluate  # noqa: E402  after the replacement
from lm_eval.loggers import EvaluationTracker  # noqa: E402
from lm_eval.models.huggingface import HFLM  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402


def generated(samples):
    """The harness has a sample for each document and filter."""
    docs = {}
    for sample in samples:
        ((prompt, _),) = sample["arguments"]
        ((text,),) = sample["resps"]
        doc = docs.setdefault(sample["doc_id"], {"prompt": prompt, "text": text, "answers": {}, "scores": {}})
        doc["answers"][sample["filter"]] = sample["filtered_resps"][0]
        doc["scores"][sample["filter"]] = sample["exact_match"]
    return list(docs.values())


torch.set_num_threads(int(sys.argv[2]))
models = {}
print(json.dumps({"ready": True}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    size = request.get("batchSize", 8)
    if size not in models:
        models.clear()
        models[size] = HFLM(pretrained=sys.argv[1], device="cpu", dtype="float32", batch_size=size)
    own_folder = Path(request["folder"]) if "folder" in request else None
    manager = TaskManager(include_path=request["folder"]) if own_folder else None
    start = time.perf_counter()
    tracker = EvaluationTracker(output_path=request["output"]) if "output" in request else None
    run = simple_evaluate(
        model=models[size],
        model_args=f"pretrained={sys.argv[1]},dtype=float32",
        tasks=[request["task"]],
        limit=request["documents"],
        task_manager=manager,
        num_fewshot=request.get("fewShot"),
        bootstrap_iters=0,
        log_samples=True,
        evaluation_tracker=tracker,
    )
    seconds = time.perf_counter() - start
    samples = sorted(run["samples"][request["task"]], key=lambda sample: sample["doc_id"])
    docs = generated(samples) if isinstance(samples[0]["resps"][0][0], str) else [
        {
            "requests": [list(arguments) for arguments in sample["arguments"]],
            "logprobs": [logprob for ((logprob, _),) in sample["resps"]],
            "greedy": [greedy for ((_, greedy),) in sample["resps"]],
            "acc": sample.get("acc"),
            "acc_norm": sample.get("acc_norm"),
        }
        for sample in samples
    ]
    if tracker:
        samples = run.pop("samples")
        tracker.save_results_aggregated(results=run, samples=samples)
        tracker.save_results_samples(task_name=request["task"], samples=samples[request["task"]])
    print(json.dumps({"docs": docs, "results": run["results"][request["task"]], "seconds": seconds}), flush=True)
