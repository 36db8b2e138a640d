"""Quantization by llm-compressor (sequential pipeline, float32, CPU), one JSON line in, one out.

usage: llm-compressor-worker.py CHECKPOINT THREADS
in:  {"method": "gptq" | "awq" | "smoothquant" | "rtn", "weights": {compressed-tensors weight arguments},
      "activations": {input arguments} | absent, "actOrder": null | "static" | "group", "moments": bool,
      "calibration": [[...], ...], "windows": [[...], ...]}
out: {"seconds": s, "windows": [mean loss, ...], "firstBlock": {"q_proj": {"trace": tr H, "error": tr(D H Dt)}, ...}}
     firstBlock where moments are asked for: H = sum of x xt over the calibration tokens, D = weight - quantized weight;
     both in float64
"""
import json
import os
import sys
import time

# Progress bars fill the pipe that a test run collects standard error in, and then everything waits.
os.environ["TQDM_DISABLE"] = "1"

import torch
from datasets import Dataset
from llmcompressor import oneshot
from llmcompressor.modifiers.awq import AWQModifier
from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier
from llmcompressor.modifiers.transform.smoothquant import SmoothQuantModifier
from loguru import logger
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

logger.remove()
torch.set_num_threads(int(sys.argv[2]))
answers = sys.stdout
sys.stdout = sys.stderr  # what the library prints


def load():
    model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
    # transformers 4.57 leaves a tied embedding empty that lies under the head's name only (TinyStories-656K).
    if model.lm_head.weight.is_meta:
        stored = load_file(os.path.join(sys.argv[1], "model.safetensors"))["lm_head.weight"]
        model.lm_head.weight = torch.nn.Parameter(stored.float())
        model.model.embed_tokens.weight = model.lm_head.weight
    return model


def first_block_moments(calibration):
    """H of every linear of block 0: no layer before it is quantized, so the float model's inputs are theirs."""
    model = load()
    moments = {}

    def add(name):
        def hook(_, inputs):
            x = inputs[0].flatten(0, -2).double()
            moments[name] = moments.get(name, 0) + x.T @ x

        return hook

    block = model.model.layers[0]
    linears = {name: each for name, each in block.named_modules() if isinstance(each, torch.nn.Linear)}
    for name, linear in linears.items():
        linear.register_forward_pre_hook(add(name))
    model.model.layers = model.model.layers[:1]
    for ids in calibration:
        model.model(torch.tensor([ids]), use_cache=False)
    return {name: (moments[name], linear.weight.double()) for name, linear in linears.items()}


def quantize(request):
    scheme = {"targets": ["Linear"], "weights": request["weights"]}
    if "activations" in request:
        scheme["input_activations"] = request["activations"]
    grid = {"ignore": ["lm_head"], "config_groups": {"all": scheme}}
    method = request["method"]
    if method == "gptq":
        recipe = [GPTQModifier(**grid, actorder=request.get("actOrder"))]
    elif method == "awq":
        recipe = [AWQModifier(**grid)]
    elif method == "smoothquant":
        recipe = [SmoothQuantModifier(smoothing_strength=0.8), QuantizationModifier(**grid)]
    else:
        recipe = [QuantizationModifier(**grid)]
    calibration = request["calibration"]
    data = Dataset.from_dict({"input_ids": calibration, "attention_mask": [[1] * len(ids) for ids in calibration]})
    model = load()
    start = time.perf_counter()
    oneshot(
        model=model,
        dataset=data,
        recipe=recipe,
        pipeline="sequential",
        max_seq_length=max(map(len, calibration)),
        num_calibration_samples=len(calibration),
        shuffle_calibration_samples=False,
        clear_sparse_session=True,
    )
    return model, time.perf_counter() - start


print(json.dumps({"ready": True}), file=answers, flush=True)
with torch.no_grad():
    for line in sys.stdin:
        request = json.loads(line)
        model, seconds = quantize(request)
        first = {}
        if request["moments"]:
            layers = dict(model.model.layers[0].named_modules())
            for name, (moment, weight) in first_block_moments(request["calibration"]).items():
                delta = weight - layers[name].weight.double()
                first[name.split(".")[-1]] = {
                    "trace": moment.trace().item(),
                    "error": ((delta @ moment) * delta).sum().item(),
                }
        windows = [model(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item() for ids in request["windows"]]
        print(json.dumps({"seconds": seconds, "windows": windows, "firstBlock": first}), file=answers, flush=True)
