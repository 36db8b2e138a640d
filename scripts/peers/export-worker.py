"""Losses of token ids by real loaders of quantized checkpoints; one JSON line in, one out.

usage: export-worker.py THREADS
in:  {"checkpoint": FOLDER, "loader": NAME, "ids": [[...], ...]}   NAME: transformers, auto-round or gptqmodel; sequences
     of one length
out: {"nll": [[...], ...], "dtype": name, "modules": [...]}   natural log, summed in float64; the classes of its linears
"""
import json
import os
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""

import torch
from transformers import AutoModelForCausalLM, logging

torch.set_num_threads(int(sys.argv[1]))
logging.set_verbosity_error()
# Loaders greet on standard output, which is for the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def load_transformers(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)


def load_auto_round(path):
    from transformers import AutoRoundConfig

    # Its products are float16 in any case.
    options = {"dtype": torch.float16, "device_map": "cpu", "quantization_config": AutoRoundConfig()}
    return AutoModelForCausalLM.from_pretrained(path, **options)


def load_gptqmodel(path):
    from gptqmodel import BACKEND, GPTQModel

    method = json.load(open(os.path.join(path, "config.json")))["quantization_config"]["quant_method"]
    # Its AWQ kernel computes in float16 only.
    backend, dtype = (BACKEND.TORCH_AWQ, torch.float16) if method == "awq" else (BACKEND.TORCH, torch.float32)
    return GPTQModel.load(path, backend=backend, device="cpu", dtype=dtype).model


loaders = {"transformers": load_transformers, "auto-round": load_auto_round, "gptqmodel": load_gptqmodel}
print(json.dumps({"ready": torch.__version__}), file=answers, flush=True)

for line in sys.stdin:
    request = json.loads(line)
    model = loaders[request["loader"]](request["checkpoint"]).eval()
    ids = torch.tensor(request["ids"])
    with torch.no_grad():
        logits = model(ids, use_cache=False).logits[:, :-1]
        pieces = zip(logits.flatten(0, 1).split(256), ids[:, 1:].flatten().split(256))
        loss = torch.cat([torch.nn.functional.cross_entropy(a.double(), b, reduction="none") for a, b in pieces])
    modules = {type(module).__name__ for name, module in model.named_modules() if name.endswith(("_proj", "fc1"))}
    nll = loss.view(ids[:, 1:].shape).tolist()
    print(json.dumps({"nll": nll, "dtype": str(logits.dtype)[6:], "modules": sorted(modules)}), file=answers, flush=True)
