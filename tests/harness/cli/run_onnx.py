"""Checks ONNX files with the format's own checker, and runs them.

    run_onnx.py FILE both|onnxruntime-integers|openvino-integers [FILE ...]

Exit code 1 with the first that is not as it has to be. both: ONNX Runtime and OpenVINO agree, and ONNX Runtime agrees with itself unoptimized. Otherwise at
least 85 convolutions of that runtime compute on integers, by its own account.
"""
import collections
import json
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import openvino

CONVOLUTIONS = 85


def run_onnxruntime(file, image, level):
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = level
    settings.log_severity_level = 3
    settings.enable_profiling = True
    settings.profile_file_prefix = str(pathlib.Path(tempfile.mkdtemp()) / "profile")
    session = onnxruntime.InferenceSession(
        file, settings, providers=["CPUExecutionProvider"]
    )
    outputs = session.run(None, {"images": image})
    profile = pathlib.Path(session.end_profiling())
    events = json.loads(profile.read_text())
    profile.unlink()
    profile.parent.rmdir()
    operations = collections.Counter(
        event["args"]["op_name"] for event in events if event["name"].endswith("_kernel_time")
    )
    return outputs, operations


def run_openvino(file, image):
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(file, "CPU", settings)
    results = compiled([image])
    types = collections.Counter()
    for node in compiled.get_runtime_model().get_ops():
        about = node.get_rt_info()
        if about["layerType"].astype(str) == "Convolution":
            types[about["runtimePrecision"].astype(str)] += 1
    return [results[i] for i in range(len(compiled.outputs))], types


def check(file, mode):
    onnx.checker.check_model(onnx.load(file), full_check=True)
    image = np.random.default_rng(1).random((1, 3, 320, 320), np.float32)
    levels = onnxruntime.GraphOptimizationLevel
    optimized, operations = run_onnxruntime(file, image, levels.ORT_ENABLE_ALL)
    if mode == "onnxruntime-integers":
        print(dict(operations))
        return operations["QLinearConv"] >= CONVOLUTIONS
    other, types = run_openvino(file, image)
    if mode == "openvino-integers":
        print(dict(types))
        return types["u8"] + types["i8"] >= CONVOLUTIONS
    plain, _ = run_onnxruntime(file, image, levels.ORT_DISABLE_ALL)
    for found in (optimized, other):
        for expected, output in zip(plain, found, strict=True):
            difference = np.abs(expected - output).max() / max(np.ptp(expected), 1e-9)
            print(expected.shape, output.shape, difference)
            if expected.shape != output.shape or not difference <= 1e-3:
                return False
    return True


def main():
    for file, mode in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        print(file, mode)
        if not check(file, mode):
            sys.exit(1)


if __name__ == "__main__":
    main()
