"""A GGUF file beside what llama.cpp's own converter makes of the same model in float32, by its own reader.

usage: export-gguf-worker.py LLAMA_CPP_SOURCE
in:  {"gguf": FILE, "checkpoint": FOLDER, "work": FILE}   the converter's result goes to "work"
out: {"types": {tensor: type}, "missing": [...], "extra": [...], "largest": d, "keys": {key: [ours, theirs], ...}}
     largest: greatest absolute difference of a dequantized value; keys: those of the model and tokenizer that differ
"""
import hashlib
import json
import os
import subprocess
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
source = sys.argv[1]
sys.path.insert(0, os.path.join(source, "gguf-py"))

import numpy
from gguf import GGUFReader, dequantize

print(json.dumps({"ready": numpy.__version__}), flush=True)


def read(path):
    reader = GGUFReader(path)
    tensors = {t.name: (t.tensor_type, dequantize(t.data, t.tensor_type).reshape(t.shape[::-1])) for t in reader.tensors}
    prefix = reader.fields["general.architecture"].contents() + "."
    keys = {key: field.contents() for key, field in reader.fields.items() if key.startswith((prefix, "tokenizer."))}
    return tensors, keys


def show(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest() if isinstance(value, list) else value


for line in sys.stdin:
    request = json.loads(line)
    command = [sys.executable, os.path.join(source, "convert_hf_to_gguf.py"), request["checkpoint"]]
    subprocess.run(command + ["--outtype", "f32", "--outfile", request["work"]], check=True, stdout=sys.stderr)
    ours, own_keys = read(request["gguf"])
    theirs, their_keys = read(request["work"])
    shared = [name for name in theirs if name in ours]
    answer = {
        "types": {name: kind.name for name, (kind, _) in ours.items()},
        "missing": sorted(set(theirs) - set(ours)),
        "extra": sorted(set(ours) - set(theirs)),
        "largest": max(float(numpy.abs(ours[name][1] - theirs[name][1]).max()) for name in shared),
        "keys": {
            key: [show(own_keys.get(key)), show(value)] for key, value in their_keys.items() if own_keys.get(key) != value
        },
    }
    print(json.dumps(answer), flush=True)
