"""One contender of compare.py in a process of its own.

    worker.py list
    worker.py serve FOLDER --contender NAME --threads N [--repository DIR --checkpoint FILE]
                    [--scenario latency|offline --batch N]
    worker.py compare FOLDER --outputs DIR

`list` prints all contenders as JSON: name, precision, and the steps of networks.py that they need.
`serve` prints a line of JSON (version, and how the outputs compare with the reference) when it is
prepared; then, for every line on standard input, runs one forward and prints its milliseconds. What
is timed: the input lies in memory in the layout that the contender likes best, the outputs are left
in memory of the contender's own. `compare` does so with outputs that another
program left as level0.npy, level1.npy ...
"""
import argparse
import json
import os
import pathlib
import sys
import time

import numpy as np

import networks

WARM_UP = 5  # the first forwards of PyTorch take twice as long as later ones

# Each makes (version, forward, outputs): forward() is what is timed, outputs() the arrays it left.


def pytorch(options, channels_last=False, autocast=False, bfloat16=False):
    import torch

    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    network = networks.official_network(options.repository, options.checkpoint)
    image = torch.from_numpy(options.image)
    if bfloat16:
        network, image = network.bfloat16(), image.bfloat16()
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        image = image.to(memory_format=torch.channels_last)
    left = []

    def forward():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            left[:] = network(image)

    return torch.__version__, forward, lambda: [output.float().numpy() for output in left]


def onnxruntime(options, file):
    import onnxruntime as runtime

    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    # Threads spin inside a run, where it makes them faster, and stop at its end.
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    session = runtime.InferenceSession(
        options.folder / file, settings, providers=["CPUExecutionProvider"]
    )
    binding = session.io_binding()
    binding.bind_cpu_input(networks.INPUT, options.image)
    for output in session.get_outputs():
        binding.bind_output(output.name)
    return (
        runtime.__version__,
        lambda: session.run_with_iobinding(binding),
        binding.copy_outputs_to_cpu,
    )


def openvino(options, file, precision):
    import openvino as runtime

    core = runtime.Core()
    model = core.read_model(options.folder / file)
    if options.scenario == "offline":
        return openvino_offline(options, core, model, precision)
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": precision,
    }
    compiled = core.compile_model(model, "CPU", settings)
    request = compiled.create_infer_request()
    request.set_input_tensor(runtime.Tensor(options.image, shared_memory=True))
    levels = range(len(compiled.outputs))
    return (
        runtime.__version__.split("-")[0],
        request.infer,
        lambda: [np.array(request.get_output_tensor(level).data, np.float32) for level in levels],
    )


def openvino_offline(options, core, model, precision):
    """As many requests of one image side by side as the throughput hint finds best."""
    import openvino as runtime

    model.reshape([1, *options.image.shape[1:]])
    settings = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_NUM_THREADS": options.threads,
        "INFERENCE_PRECISION_HINT": precision,
    }
    compiled = core.compile_model(model, "CPU", settings)
    queue = runtime.AsyncInferQueue(compiled)
    images = [runtime.Tensor(np.ascontiguousarray(image[None])) for image in options.image]
    results = [None] * len(images)

    def keep(request, index):
        results[index] = [np.array(request.get_output_tensor(i).data, np.float32)
                          for i in range(len(compiled.outputs))]

    def forward():
        for image in images:
            queue.start_async({0: image})
        queue.wait_all()

    def outputs():
        queue.set_callback(keep)
        for index, image in enumerate(images):
            queue.start_async({0: image}, index)
        queue.wait_all()
        queue.set_callback(lambda request, index: None)
        return [np.concatenate(level) for level in zip(*results)]

    return runtime.__version__.split("-")[0], forward, outputs


# Name -> precision, what it needs of networks.py, and how it is made.
CONTENDERS = {
    "PyTorch eager": ("fp32", [], pytorch),
    "PyTorch channels-last": ("fp32", [], lambda o: pytorch(o, channels_last=True)),
    "PyTorch channels-last autocast": (
        "bf16",
        [],
        lambda o: pytorch(o, channels_last=True, autocast=True),
    ),
    "PyTorch channels-last BF16 weights": (
        "bf16",
        [],
        lambda o: pytorch(o, channels_last=True, bfloat16=True),
    ),
    "ONNX Runtime": ("fp32", [], lambda o: onnxruntime(o, "network.onnx")),
    "ONNX Runtime QDQ": (
        "int8",
        ["quantize-onnxruntime"],
        lambda o: onnxruntime(o, "onnxruntime-int8.onnx"),
    ),
    "ONNX Runtime, qyolo's QDQ": (
        "int8",
        ["quantize-qyolo"],
        lambda o: onnxruntime(o, "qyolo-int8.onnx"),
    ),
    "OpenVINO, qyolo's QDQ": (
        "int8",
        ["quantize-qyolo"],
        lambda o: openvino(o, "qyolo-int8.onnx", "f32"),
    ),
    "OpenVINO": ("fp32", [], lambda o: openvino(o, "network.onnx", "f32")),
    "OpenVINO BF16 hint": ("bf16", [], lambda o: openvino(o, "network.onnx", "bf16")),
    "OpenVINO NNCF": (
        "int8",
        ["quantize-openvino"],
        lambda o: openvino(o, "openvino-int8.xml", "f32"),
    ),
    "OpenVINO NNCF BF16 hint": (
        "int8",
        ["quantize-openvino"],
        lambda o: openvino(o, "openvino-int8.xml", "bf16"),
    ),
}


def compare_with_reference(outputs, folder):
    """Largest difference over the range of the reference, and cosine similarity, of all levels."""
    reference = np.load(folder / "reference.npz")
    expected = [reference[name] for name in reference.files]
    if [o.shape for o in outputs] != [e.shape for e in expected]:
        sys.exit(f"outputs of {[o.shape for o in outputs]}, expected {[e.shape for e in expected]}")
    outputs = np.concatenate([output.ravel() for output in outputs]).astype(np.float64)
    expected = np.concatenate([output.ravel() for output in expected]).astype(np.float64)
    lengths = np.linalg.norm(outputs) * np.linalg.norm(expected)
    return {
        "difference": float(np.abs(outputs - expected).max() / np.ptp(expected)),
        "cosine": float(outputs @ expected / lengths),
    }


def main():
    # Whatever the libraries print goes to standard error.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("list", "serve", "compare"))
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    parser.add_argument("--contender", choices=CONTENDERS)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--scenario", choices=("latency", "offline"), default="latency")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--outputs", type=pathlib.Path)
    parser.add_argument("--repository", type=pathlib.Path)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    options = parser.parse_args()
    if options.action == "list":
        keys = ("name", "precision", "needs")
        entries = [dict(zip(keys, (name, *entry))) for name, entry in CONTENDERS.items()]
        print(json.dumps(entries), file=replies)
        return
    if options.action == "compare":
        levels = range(len(list(options.outputs.glob("level*.npy"))))
        outputs = [np.load(options.outputs / f"level{level}.npy") for level in levels]
        print(json.dumps(compare_with_reference(outputs, options.folder)), file=replies)
        return
    options.image = np.load(options.folder / "input.npy")
    version, forward, outputs = CONTENDERS[options.contender][-1](options)
    for _ in range(WARM_UP):
        forward()
    prepared = compare_with_reference(outputs(), options.folder)
    print(json.dumps({"version": version, **prepared}), file=replies)
    for _ in sys.stdin:
        begin = time.perf_counter()
        forward()
        print((time.perf_counter() - begin) * 1e3, file=replies)


if __name__ == "__main__":
    main()
