"""score, evaluate and quantize beside the commands of the same names."""
import json
import os
import subprocess
import tempfile
import threading
import unittest
import warnings

import numpy as np
import qyolo
import qyolo.cocoeval
import scenes

ROOT = os.environ.get("QYOLO_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BINARY = os.environ.get("QYOLO_BINARY", os.path.join(ROOT, "build/qyolo"))
PARTS = os.path.join(ROOT, "datasets/parts")
MODEL = os.path.join(PARTS, "parts-yolov7-w025.pt")
DATA = {
    "images": os.path.join(PARTS, "val/images"),
    "annotations": os.path.join(PARTS, "val/annotations.json"),
}


def command(*arguments):
    run = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, check=True)
    return run.stdout


def without_times(document):
    return {key: value for key, value in document.items() if key != "seconds"}


@unittest.skipUnless(os.path.exists(BINARY), f"{BINARY} is not built")
class BesideTheCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_score(self):
        dataset, detections = scenes.scenes(3)
        truth, found = scenes.written(self.folder, dataset, detections)
        expected = json.loads(command("score", truth, found, "-o", "json"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for gt in (truth, dataset, qyolo.coco.COCO(truth)):
                for dets in (found, detections, np.array(scenes.rows(detections)), qyolo.coco.COCO(truth).loadRes(found)):
                    self.assertEqual(qyolo.score(gt, dets), expected)

    def test_score_of_another_grid(self):
        truth, found = scenes.written(self.folder, *scenes.scenes(4))
        expected = command(
            "score", truth, found, "-o", "json", "--areas", "all:0:inf,tiny:0:256",
            "--iou-thresholds", "0.5,0.75", "--max-dets", "1,7", "--use-cats", "0",
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scored = qyolo.score(
                truth,
                found,
                areas={"all": (0, float("inf")), "tiny": (0, 256)},
                iou_thresholds=np.array([0.5, 0.75]),
                max_dets=(1, 7),
                use_cats=False,
                threads=1,
            )
        self.assertEqual(scored, json.loads(expected))

    def test_evaluate(self):
        options = ["--images", DATA["images"], "--annotations", DATA["annotations"], "--img", 320]
        expected = json.loads(
            command(
                "eval", "--model", MODEL, *options, "--limit", 6, "--threads", 1, "--scheme", "affine",
                "--bits", 4, "--rule", "head -> keep", "-o", "json", "--save-detections", self.path("a.json"),
            )  # fmt: skip
        )
        told = []
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            found = qyolo.evaluate(
                MODEL, **DATA, img=320, limit=6, threads=1, scheme="affine", bits=4, rules="head -> keep",
                save_detections=self.path("b.json"), progress=lambda done, total: told.append((done, total)),
            )  # fmt: skip
        self.assertEqual(without_times(found), without_times(expected))
        self.assertEqual(told[-1], (6, 6))
        with open(self.path("a.json")) as a, open(self.path("b.json")) as b:
            self.assertEqual(a.read(), b.read())

    def test_quantize(self):
        command("quantize", MODEL, "--scheme", "pwlq", "--bits", 4, "-o", self.path("a.safetensors"))
        made = qyolo.quantize(MODEL, self.path("b.safetensors"), scheme="pwlq", bits=np.int64(4))
        with open(self.path("a.safetensors"), "rb") as a, open(self.path("b.safetensors"), "rb") as b:
            self.assertEqual(a.read(), b.read())
        artifact = made["artifact"]
        self.assertEqual(
            artifact["data_bytes"] + artifact["header_bytes"], os.path.getsize(self.path("b.safetensors"))
        )
        self.assertEqual(made["memory"]["true_bytes"], artifact["data_bytes"])
        self.assertEqual(made["cell"]["bits"], 4)

    def test_an_output_is_no_input(self):
        with open(DATA["annotations"], "rb") as file:
            before = file.read()
        with self.assertRaises(ValueError):
            qyolo.evaluate(MODEL, **DATA, img=320, limit=2, save_detections=DATA["annotations"])
        with open(DATA["annotations"], "rb") as file:
            self.assertEqual(file.read(), before)


class WhileItWorks(unittest.TestCase):
    def test_an_exception_of_progress_ends_the_work(self):
        class Enough(Exception):
            pass

        told = []

        def stop(done, total):
            told.append(done)
            raise Enough(f"after {done} of {total}")

        with self.assertRaises(Enough):
            qyolo.evaluate(MODEL, **DATA, img=320, limit=4, batch=1, threads=1, progress=stop)
        self.assertEqual(len(told), 1)

    def test_other_threads_run(self):
        dataset, detections = scenes.scenes(5, images=400)
        gt = qyolo.coco.COCO(dataset)
        dt = gt.loadRes(detections)
        expected = self.evaluated(gt, dt)
        arrays = [None] * 4

        def work(i):
            arrays[i] = self.evaluated(gt, dt)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(arrays))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(arrays, [expected] * len(arrays))

    @staticmethod
    def evaluated(gt, dt):
        evaluation = qyolo.cocoeval.COCOeval(gt, dt, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        return evaluation.eval["precision"].tobytes()


class ThePackage(unittest.TestCase):
    def test_is_the_installed_one_and_typed(self):
        folder = os.path.dirname(qyolo.__file__)
        self.assertNotIn(os.path.realpath(ROOT) + os.sep + "python", os.path.realpath(folder))
        for name in ("py.typed", "_native.pyi"):
            self.assertTrue(os.path.exists(os.path.join(folder, name)), name)
        self.assertRegex(qyolo.__version__, r"^\d+\.\d+\.\d+$")

    def test_brings_no_torch(self):
        folder = os.path.dirname(qyolo.__file__)
        for name in sorted(os.listdir(folder)):
            if ".so" not in name:
                continue
            needs = subprocess.run(["ldd", os.path.join(folder, name)], capture_output=True, text=True).stdout
            self.assertNotIn("torch", needs)


if __name__ == "__main__":
    unittest.main()
