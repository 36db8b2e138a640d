"""Prints packages/core/test/fixtures/torch-quantize.json: what torch gives for the quantizers of activations and weights.

Every operation is torch's own in the type named, in the order of the reference code (methods.md 4.3 and 5.3): SmoothQuant's
absmax, division by 127, division, rounding and product; QuaRot's clip ratio and asymmetric grid; float8 by torch's cast.
"""
import json

import torch

torch.manual_seed(0)
float8 = {"e4m3": (torch.float8_e4m3fn, 448.0), "e5m2": (torch.float8_e5m2, 57344.0)}


def symmetric(x, bits, clip, dim):
    top = 2 ** (bits - 1) - 1
    step = x.abs().amax(dim, keepdim=True) * clip / top
    codes = torch.round(x / step)
    # SmoothQuant, which has no clip ratio, does not clamp; in bfloat16 the greatest value of the last token becomes 128 steps.
    return (codes if clip == 1 else torch.clamp(codes, -top - 1, top)) * step


def asymmetric(x, bits, clip, dim):
    top = 2**bits - 1
    low = torch.clamp(x.amin(dim, keepdim=True), max=0) * clip
    high = torch.clamp(x.amax(dim, keepdim=True), min=0) * clip
    step = (high - low) / top
    zero = torch.round(-low / step)
    return step * (torch.clamp(torch.round(x / step) + zero, 0, top) - zero)


def eight_bit_float(x, name, clip, dim):
    dtype, top = float8[name]
    step = x.abs().amax(dim, keepdim=True) * clip / top
    return torch.clamp(x / step, -top, top).to(dtype).to(x.dtype) * step


x = torch.randn(4, 16) * torch.logspace(-2, 1, 16)
x[1, 5] = 300.0
cases = []
for arithmetic in ("float32", "float16", "bfloat16"):
    values = x.to(getattr(torch, arithmetic))
    for granularity, dim in (("token", -1), ("tensor", (0, 1))):
        for bits, clip in ((8, 1.0), (4, 0.9)):
            for name, round_values in (("symmetric", symmetric), ("asymmetric", asymmetric)):
                operator = {"bits": bits, "symmetric": name == "symmetric"}
                y = round_values(values, bits, clip, dim)
                cases.append((operator, arithmetic, granularity, clip, y))
        for name in float8:
            operator = {"format": name, "bits": 8, "symmetric": True}
            cases.append((operator, arithmetic, granularity, 1.0, eight_bit_float(values, name, 1.0, dim)))



def numbers(values):
    """Nine digits hold a float32."""
    return [float(f"{v:.9g}") for v in values.float().flatten().tolist()]


result = {
    "source": f"scripts/peers/quantize-goldens.py, torch {torch.__version__.split('+')[0]} on CPU",
    "width": x.shape[1],
    "x": numbers(x),
    # The 256 codes of each float8, null for what is not finite.
    "float8": {
        name: [v if v == v and abs(v) != float("inf") else None for v in codes]
        for name, (dtype, _) in float8.items()
        for codes in [torch.arange(256, dtype=torch.uint8).view(dtype).float().tolist()]
    },
    "cases": [
        {
            "operator": {**operator, "granularity": granularity, "clipRatio": clip, "arithmetic": arithmetic},
            "y": numbers(y),
        }
        for operator, arithmetic, granularity, clip, y in cases
    ],
    # Weights per row, by SmoothQuant's steps, 8 bits.
    "weights": {
        arithmetic: numbers(symmetric(x.to(getattr(torch, arithmetic)), 8, 1.0, -1))
        for arithmetic in ("float16", "bfloat16")
    },
}
print(json.dumps(result))
