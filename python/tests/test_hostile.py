"""Whatever is passed in ends in one sentence."""
import collections
import copy
import math
import os
import random
import tempfile
import unittest
import warnings

import numpy as np
import qyolo
import scenes
from qyolo.coco import COCO
from qyolo.cocoeval import COCOeval, Params


class Refused(unittest.TestCase):
    def setUp(self):
        warnings.simplefilter("ignore")
        self.dataset, self.detections = scenes.scenes(1)
        self.gt = COCO(copy.deepcopy(self.dataset))

    def assert_refused(self, pattern, function, *arguments, **named):
        with self.assertRaisesRegex(ValueError, pattern) as caught:
            function(*arguments, **named)
        self.assertNotIn("\n", str(caught.exception))

    def test_arrays(self):
        good = np.array(scenes.rows(self.detections), dtype=float)
        refused = self.gt.loadRes
        self.assert_refused("7", refused, good[:, :6])
        self.assert_refused("7", refused, good[0])
        self.assert_refused("7", refused, np.array(3.0))
        self.assert_refused("7", refused, good[None])
        self.assert_refused("type", refused, good.astype(complex))
        self.assert_refused("type", refused, good.astype(object))
        self.assert_refused("type", refused, good.astype(str))
        self.assert_refused("type", refused, good.astype(bool))
        for column in range(7):
            for value in (math.nan, math.inf, -math.inf, 1e300):
                bad = good.copy()
                bad[3, column] = value
                if value == 1e300 and column not in (0, 6):
                    continue
                self.assert_refused("row 3|which is not in|whole number", refused, bad)
        bad = good.copy()
        bad[0, 3] = -1
        self.assert_refused("negative", refused, bad)
        bad = good.copy()
        bad[5, 0] = 1.5
        self.assert_refused("row 5.*whole number", refused, bad)
        bad = good.copy()
        bad[5, 0] = 999999
        self.assert_refused("999999.*not in the ground truth", refused, bad)

    def test_empty_results_are_results(self):
        for nothing in ([], (), np.zeros((0, 7))):
            evaluation = COCOeval(self.gt, self.gt.loadRes(nothing), "bbox")
            evaluation.evaluate()
            evaluation.accumulate()
            self.assertEqual(evaluation.eval["recall"].max(), 0)

    def test_lists(self):
        first = self.detections[0]
        for change, pattern in (
            ({"bbox": [1, 2, 3]}, "4 finite numbers, found 3"),
            ({"bbox": [1, 2, 3, math.nan]}, "found nan"),
            ({"bbox": [1, 2, 3, "4"]}, "found str"),
            ({"bbox": [1, 2, 3, [4]]}, "found list"),
            ({"bbox": [1, 2, 3, None]}, "found NoneType"),
            ({"bbox": "1234"}, "found str"),
            ({"bbox": None}, "found NoneType"),
            ({"bbox": [1, 2, -3, 4]}, "negative"),
            ({"bbox": np.zeros((2, 2))}, "found 2"),
            ({"score": math.inf}, "score"),
            ({"score": "0.5"}, "score"),
            ({"score": None}, "score"),
            ({"score": 10**400}, "score"),
            ({"image_id": None}, "image_id"),
            ({"image_id": [1]}, "image_id"),
            ({"image_id": -(2**63)}, "not in"),
            ({"image_id": 2**70}, "image_id"),
            ({"category_id": {}}, "category_id"),
            ({"image_id": "\ud800"}, "surrogate"),
        ):
            bad = [dict(first), {**first, **change}]
            self.assert_refused(pattern, self.gt.loadRes, bad)
        for key in ("image_id", "category_id", "bbox", "score"):
            bad = [{k: v for k, v in first.items() if k != key}]
            self.assert_refused(key, self.gt.loadRes, bad)
        for bad in ([1], [None], ["text"], [[first]], 7, None, {"a": 1}, object()):
            self.assert_refused("expected|must be", self.gt.loadRes, bad)

    def test_other_kinds_of_results(self):
        for kind in ({"caption": "a"}, {"segmentation": {}}, {"keypoints": []}):
            detection = {"image_id": self.dataset["images"][0]["id"], "category_id": 1, "score": 1.0, **kind}
            self.assert_refused("only boxes", self.gt.loadRes, [detection])
        for kind in ("segm", "keypoints", None, 3):
            self.assert_refused("only boxes", COCOeval, self.gt, self.gt, kind)
            self.assert_refused("only boxes", Params, kind)
        self.assert_refused("only boxes", COCOeval, self.gt, self.gt)
        self.assert_refused("only boxes", self.gt.annToMask, {})

    def test_annotations(self):
        for section, change, pattern in (
            ("annotations", {"bbox": [1, 2, 3]}, "bbox"),
            ("annotations", {"bbox": [1, 2, 3, math.nan]}, "bbox"),
            ("annotations", {"bbox": [0] * 100}, "bbox"),
            ("annotations", {"bbox": np.zeros((4, 4))}, "bbox"),
            ("annotations", {"area": "large"}, "area"),
            ("annotations", {"area": -1}, "area"),
            ("annotations", {"iscrowd": 2}, "iscrowd"),
            ("annotations", {"image_id": [7]}, "image_id"),
            ("annotations", {"category_id": math.inf}, "category_id"),
            ("images", {"id": {}}, "id"),
            ("categories", {"name": 7}, "name"),
        ):
            bad = copy.deepcopy(self.dataset)
            bad[section][1].update(change)

            def use():
                gt = COCO(bad)
                COCOeval(gt, gt.loadRes([]), "bbox").evaluate()

            self.assert_refused(pattern, use)
        for bad in ({"annotations": 3}, {"images": [3]}, {"images": [{}]}, {"annotations": [{"id": 1}]}):
            self.assert_refused("must be|expected|missing", COCO, bad)
        gt = COCO()
        gt.dataset = [1]
        self.assert_refused("dictionary", gt.createIndex)

    def test_an_object_that_misbehaves(self):
        class Shrinking(list):
            pass

        listed = [dict(d) for d in self.detections]

        class Evil:
            def __float__(self):
                listed.clear()
                raise KeyError("no number")

        listed[0] = {**listed[0], "score": Evil()}
        self.assert_refused("score", self.gt.loadRes, listed)

    def test_random_objects(self):
        rng = random.Random(7)
        values = [
            None, True, 0, -1, 7, 2**63, -(2**63), 2**64, 0.5, math.nan, math.inf, -0.0, 1e308, 5e-324, "", "7", "\0", "é",
            "\udfff", b"7", [], [1], [1, 2, 3, 4], [math.nan] * 4, (), {}, {"a": 1}, set(), object(), type, len,
            np.float32(1), np.int8(3), np.bool_(True), np.array([1, 2, 3, 4]), np.array(5), np.zeros((0, 4)),
            np.array([1, 2, 3, 4], dtype=object), 1j, range(4), memoryview(b"1234"), bytearray(b"1234"),
        ]  # fmt: skip
        outcomes = collections.Counter()
        for _ in range(400):
            dataset, detections = copy.deepcopy(self.dataset), [dict(d) for d in self.detections[:5]]
            targets = [*dataset["annotations"], *dataset["images"], *detections, dataset]
            for _ in range(rng.randint(1, 3)):
                target = rng.choice(targets)
                key = rng.choice([*target, "surplus"])
                if rng.random() < 0.2:
                    target.pop(key, None)
                else:
                    target[key] = rng.choice(values)
            try:
                gt = COCO(dataset)
                dt = gt.loadRes(detections)
                if rng.random() < 0.5:
                    dt.anns
                evaluation = COCOeval(gt, dt, "bbox")
                evaluation.evaluate()
                evaluation.accumulate()
                evaluation.evalImgs
                qyolo.score(gt, dt)
                outcomes["evaluated"] += 1
            except ValueError as refusal:
                self.assertNotIn("\n", str(refusal))
                outcomes["refused"] += 1
        self.assertGreater(min(outcomes["evaluated"], outcomes["refused"]), 20)

    def test_parameters(self):
        for name, value, pattern in (
            ("iouThrs", [math.nan], "numbers"),
            ("iouThrs", [], "at least one"),
            ("iouThrs", 0.5, "list"),
            ("iouThrs", ["a"], "number"),
            ("iouThrs", np.array(0.5), "list"),
            ("recThrs", [None], "number"),
            ("maxDets", [0], "from 1"),
            ("maxDets", [2**40], "from 1"),
            ("maxDets", [1.5], "whole number"),
            ("maxDets", [], "at least one"),
            ("areaRng", [[0]], "two numbers"),
            ("areaRng", [[0, "x"]], "number"),
            ("areaRng", [[math.nan, 1]], "numbers"),
            ("areaRng", 3, "number|list"),
            ("areaRng", [], "at least one"),
            ("imgIds", [[1]], "imgIds"),
            ("imgIds", [1, "a"], "imgIds"),
            ("imgIds", ["nobody's"], "imgIds"),
            ("catIds", [None], "catIds"),
            ("threads", -1, "threads"),
            ("threads", 10**6, "threads"),
            ("threads", "all", "threads"),
            ("recThrs", np.linspace(0, 1, 3 * 10**6), "cells"),
            ("iouType", "segm", "only boxes"),
        ):
            evaluation = COCOeval(self.gt, self.gt.loadRes(self.detections), "bbox")
            setattr(evaluation.params, name, value)
            self.assert_refused(pattern, evaluation.evaluate)

    def test_nothing_to_evaluate(self):
        self.assert_refused("annotations and results", COCOeval(iouType="bbox").evaluate)
        evaluation = COCOeval(self.gt, self.gt.loadRes([]), "bbox")
        evaluation.params.imgIds = []
        evaluation.params.catIds = []
        evaluation.evaluate()
        evaluation.accumulate()
        self.assertEqual(evaluation.eval["precision"].shape, (10, 101, 0, 4, 3))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            truth, found = scenes.written(folder, self.dataset, self.detections)
            missing = os.path.join(folder, "missing.json")
            self.assert_refused("missing.json", COCO, missing)
            self.assert_refused("missing.json", COCO(truth).loadRes, missing)
            self.assert_refused(folder, COCO, folder)
            self.assert_refused("null character", COCO, "a\0b")
            self.assert_refused("Unicode", COCO, "\udc80.json")
            self.assert_refused("path", COCO, 7)
            self.assert_refused("expected", COCO, found)
            self.assert_refused("expected", COCO(truth).loadRes, truth)

    def test_score(self):
        for named, pattern in (
            ({"iou_thresholds": []}, "iou_thresholds is empty"),
            ({"iou_thresholds": "0.5"}, "list"),
            ({"max_dets": 5}, "list"),
            ({"max_dets": [0]}, "from 1"),
            ({"areas": []}, "dictionary"),
            ({"areas": {"all": 3}}, "list"),
            ({"areas": {}}, "empty"),
            ({"threads": 3.5}, "whole number"),
        ):
            self.assert_refused(pattern, qyolo.score, self.dataset, self.detections, **named)
        self.assert_refused("None", qyolo.score, None, self.detections)
        self.assert_refused("must be", qyolo.score, self.dataset, None)

    def test_network_arguments(self):
        model = "datasets/parts/parts-yolov7-w025.pt"
        for named, pattern in (
            ({}, "images and annotations"),
            ({"images": "a"}, "images and annotations"),
            ({"data": "a.json"}, "data.yaml"),
            ({"data": "a.yaml", "images": "a", "annotations": "b"}, "without"),
            ({"images": "a", "annotations": "b"}, "a"),
            ({"images": "a", "annotations": "b", "img": 7}, "img"),
            ({"images": "a", "annotations": "b", "img": math.nan}, "img"),
            ({"images": "a", "annotations": "b", "img": "640"}, "img"),
            ({"images": "a", "annotations": "b", "conf": 2}, "conf"),
            ({"images": "a", "annotations": "b", "iou": -1}, "iou"),
            ({"images": "a", "annotations": "b", "limit": -5}, "limit"),
            ({"images": "a", "annotations": "b", "batch": 0}, "batch"),
            ({"images": "a", "annotations": "b", "threads": 5000}, "threads"),
            ({"images": "a", "annotations": "b", "precision": "fp64"}, "precision"),
            ({"images": "a", "annotations": "b", "convolution": "fast"}, "convolution"),
            ({"images": "a", "annotations": "b", "scheme": "afine"}, "affine"),
            ({"images": "a", "annotations": "b", "scheme": "affine", "bits": 99}, "bits"),
            ({"images": "a", "annotations": "b", "scheme": "affine", "rules": [object()]}, "cell"),
            ({"images": "a", "annotations": "b", "scheme": "affine", "colour": "red"}, "colour"),
            ({"images": "a", "annotations": "b", "class_map": 7}, "class_map"),
            ({"images": "a", "annotations": "b", "progress": 7}, "progress"),
        ):
            self.assert_refused(pattern, qyolo.evaluate, model, **named)
        self.assert_refused("nothing to write", qyolo.quantize, model, scheme="affine")
        self.assert_refused("", qyolo.quantize, "missing.pt", "out.safetensors", scheme="affine")
        self.assert_refused("", qyolo.quantize, model, model, scheme="affine")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    unittest.main()
