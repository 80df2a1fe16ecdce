"""Makes what the contenders of compare.py run, once, in a folder: the official network's raw head
outputs exported to ONNX, its quantized forms, the input, and the outputs to compare with.

    networks.py export FOLDER --checkpoint FILE --img N --images DIR --batch N [--repository DIR] --qyolo FILE
    networks.py quantize-onnxruntime FOLDER
    networks.py quantize-openvino FOLDER
    networks.py quantize-qyolo FOLDER --checkpoint FILE ... (as export)

Without --repository the network is `qyolo export`'s, and the outputs to compare with ONNX Runtime's.
"""
import argparse
import contextlib
import os
import pathlib
import subprocess
import sys

import numpy as np

INPUT = "images"
CALIBRATION_IMAGES = 32


def official_network(repository, checkpoint):
    """The official network, fused as its attempt_load() fuses it, ending in the convolutions of its
    head: no decoding and no reordering. Loading a checkpoint runs code from it (it is a pickle)."""
    import torch

    sys.path.insert(0, os.fspath(repository))
    with contextlib.redirect_stdout(sys.stderr):
        loaded = torch.load(checkpoint, map_location="cpu", weights_only=False)
        network = loaded["ema" if loaded.get("ema") else "model"].float().fuse().eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Upsample):
            module.recompute_scale_factor = None
        if isinstance(module, (torch.nn.SiLU, torch.nn.LeakyReLU)):
            module.inplace = True
    head = network.model[-1]
    head.forward = lambda levels: tuple(conv(level) for conv, level in zip(head.m, levels))
    return network


def read_image(path, size):
    """[1, 3, size, size], RGB, 0..1; the long side resized, padded with the official grey."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    ratio = size / max(image.size)
    image = image.resize([max(1, round(side * ratio)) for side in image.size], Image.BILINEAR)
    square = Image.new("RGB", (size, size), (114, 114, 114))
    square.paste(image, ((size - image.width) // 2, (size - image.height) // 2))
    return np.ascontiguousarray(np.asarray(square, np.float32).transpose(2, 0, 1)[None] / 255)


def finished(path, make):
    """Calls make(temporary path) unless `path` is there; a file under its own name is complete."""
    if path.exists():
        return
    unfinished = path.with_name("unfinished-" + path.name)
    make(unfinished)
    unfinished.rename(path)


def qyolo_export(options, path, *cell):
    command = [options.qyolo, "export", options.checkpoint, "-o", path, "--head", "raw"]
    command += ["--img", options.img, "--batch", options.batch, *cell]
    subprocess.run([os.fspath(part) if isinstance(part, pathlib.Path) else str(part) for part in command],
                   check=True)


def export(options):
    folder = options.folder
    names = sorted(p for p in options.images.iterdir() if p.suffix.lower() in (".jpg", ".png"))
    if not names:
        sys.exit(f"{options.images} holds no .jpg or .png image to calibrate with")
    images = [read_image(name, options.img) for name in names[:CALIBRATION_IMAGES]]
    np.save(folder / "calibration.npy", np.concatenate(images))
    batch = np.concatenate([images[i % len(images)] for i in range(options.batch)])
    np.save(folder / "input.npy", batch)
    if options.repository:
        export_official(options, batch)
    else:
        finished(folder / "network.onnx", lambda path: qyolo_export(options, path))
        import onnxruntime

        session = onnxruntime.InferenceSession(
            folder / "network.onnx", providers=["CPUExecutionProvider"]
        )
        np.savez(folder / "reference.npz", *session.run(None, {INPUT: batch}))


def quantize_qyolo(options):
    """Eight-bit weights and activations, as integer convolutions of other runtimes take them."""
    cell = ["--scheme", "symmetric", "--bits", 8, "--keep", "head", "--activation-bits", 8]
    cell += ["--calibration", options.images, "--calibration-limit", CALIBRATION_IMAGES]
    finished(
        options.folder / "qyolo-int8.onnx", lambda path: qyolo_export(options, path, *cell)
    )


def export_official(options, batch):
    import torch

    folder = options.folder
    network = official_network(options.repository, options.checkpoint)
    shown = torch.from_numpy(batch)
    with torch.no_grad():
        outputs = network(shown.clone())
        np.savez(folder / "reference.npz", *[output.numpy() for output in outputs])
        finished(
            folder / "network.onnx",
            lambda path: torch.onnx.export(
                network,
                (shown,),
                os.fspath(path),
                opset_version=17,
                input_names=[INPUT],
                output_names=[f"level{i}" for i in range(len(outputs))],
                dynamo=False,
            ),
        )


def quantize_onnxruntime(options):
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    folder = options.folder

    class Images(quantization.CalibrationDataReader):
        def __init__(self):
            self.images = iter(np.load(folder / "calibration.npy"))

        def get_next(self):
            image = next(self.images, None)
            return None if image is None else {INPUT: image[None]}

    def make(path):
        prepared = folder / "prepared.onnx"
        quant_pre_process(folder / "network.onnx", prepared)
        quantization.quantize_static(
            prepared,
            path,
            Images(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )

    finished(folder / "onnxruntime-int8.onnx", make)


def quantize_openvino(options):
    import nncf
    import openvino

    folder = options.folder
    if (folder / "openvino-int8.xml").exists():
        return
    images = np.load(folder / "calibration.npy")
    network = openvino.Core().read_model(folder / "network.onnx")
    dataset = nncf.Dataset([image[None] for image in images])
    quantized = nncf.quantize(
        network, dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=len(images)
    )
    openvino.save_model(quantized, folder / "openvino-int8.xml", compress_to_fp16=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    actions = {
        "export": export,
        "quantize-onnxruntime": quantize_onnxruntime,
        "quantize-openvino": quantize_openvino,
        "quantize-qyolo": quantize_qyolo,
    }
    parser.add_argument("action", choices=actions)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--repository", type=pathlib.Path)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--images", type=pathlib.Path)
    parser.add_argument("--qyolo", type=pathlib.Path)
    parser.add_argument("--img", type=int)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    actions[options.action](options)


if __name__ == "__main__":
    main()
