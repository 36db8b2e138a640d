"""Losses of token ids by transformers in float32 on the CPU, one JSON line in, one out.

usage: torch-worker.py CHECKPOINT THREADS
in:  {"ids": [[...], ...]}   sequences of one length
out: {"nll": [[...], ...], "seconds": s}   natural log, summed from float32 logits in float64
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM

torch.set_num_threads(int(sys.argv[2]))
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
print(json.dumps({"ready": torch.__version__}), flush=True)

for line in sys.stdin:
    request = json.loads(line)
    ids = torch.tensor(request["ids"])
    with torch.no_grad():
        start = time.perf_counter()
        logits = model(ids, use_cache=False).logits[:, :-1]
        targets = ids[:, 1:]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        loss.sum().item()
        seconds = time.perf_counter() - start
        if request.get("exact"):
            # In pieces: float64 logits of a long window are a gigabyte.
            pieces = zip(logits.flatten(0, 1).split(256), targets.flatten().split(256))
            loss = torch.cat([torch.nn.functional.cross_entropy(a.double(), b, reduction="none") for a, b in pieces])
    print(json.dumps({"nll": loss.view(targets.shape).tolist(), "seconds": seconds}), flush=True)
