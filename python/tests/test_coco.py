"""COCO and COCOeval beside pycocotools: the same calls, the same values."""
import collections
import contextlib
import copy
import io
import pickle
import tempfile
import unittest
import warnings

import numpy as np
import qyolo.coco
import qyolo.cocoeval
import scenes

try:
    import pycocotools.coco
    import pycocotools.cocoeval
except ImportError:
    pycocotools = None

Both = collections.namedtuple("Both", "coco cocoeval")


def quietly(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def packages():
    ours = Both(qyolo.coco.COCO, qyolo.cocoeval.COCOeval)
    theirs = Both(pycocotools.coco.COCO, pycocotools.cocoeval.COCOeval)
    return ours, theirs


def evaluated(package, truth, found, change=lambda params: None):
    """With the calls of everyone's script."""
    gt = quietly(package.coco, truth)
    dt = quietly(gt.loadRes, found)
    evaluation = package.cocoeval(gt, dt, "bbox")
    change(evaluation.params)
    quietly(evaluation.evaluate)
    quietly(evaluation.accumulate)
    return evaluation


@unittest.skipIf(pycocotools is None, "pycocotools is not installed")
class BesidePycocotools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def assert_same_arrays(self, ours, theirs):
        self.assertEqual(list(ours.eval["counts"]), list(theirs.eval["counts"]))
        for name in ("precision", "recall", "scores"):
            self.assertEqual(ours.eval[name].shape, theirs.eval[name].shape, name)
            self.assertEqual(ours.eval[name].dtype, theirs.eval[name].dtype, name)
            self.assertEqual(ours.eval[name].tobytes(), theirs.eval[name].tobytes(), name)

    def check(self, seed, change=lambda params: None, found=None, summary=True):
        dataset, detections = scenes.scenes(seed)
        truth, path = scenes.written(self.folder, dataset, detections)
        given = path if found is None else found(detections)
        evaluations = []
        for package in packages():
            evaluations.append(evaluated(package, truth, copy.deepcopy(given), change))
        self.assert_same_arrays(*evaluations)
        if not summary:
            return
        printed = []
        for evaluation in evaluations:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                evaluation.summarize()
            printed.append(out.getvalue())
        self.assertEqual(*printed)
        self.assertEqual(evaluations[0].stats.tobytes(), evaluations[1].stats.tobytes())

    def test_files(self):
        for seed in range(12):
            self.check(seed)

    def test_lists_of_dictionaries(self):
        for seed in range(4):
            self.check(seed, found=lambda detections: detections)

    def test_arrays_of_any_type_and_layout(self):
        for kind in (np.float64, np.float32, np.int32):
            self.check(1, found=lambda d: np.array(scenes.rows(d)).astype(kind))
        self.check(2, found=lambda d: np.asfortranarray(scenes.rows(d)))
        self.check(3, found=lambda d: np.repeat(np.array(scenes.rows(d)), 2, axis=1)[:, ::2])

    def test_some_images_and_categories(self):
        def some(params):
            params.imgIds = params.imgIds[:10]
            params.catIds = params.catIds[1:3] + [100000]

        self.check(5, some)
        self.check(6, lambda params: setattr(params, "imgIds", np.array(params.imgIds[3:20])))

    def test_categories_as_one(self):
        for seed in range(4):
            self.check(seed, lambda params: setattr(params, "useCats", 0))

    def test_other_grids(self):
        def grid(params):
            params.iouThrs = np.array([0.3, 0.5, 0.75])
            params.recThrs = np.linspace(0, 1, 11)
            params.maxDets = [100, 2, 5]
            params.areaRng = [[0, 1e10], [0, 2000.5]]
            params.areaRngLbl = ["all", "tiny"]

        self.check(7, grid, summary=False)
        self.check(8, lambda params: setattr(params, "maxDets", [1, 3]), summary=False)

    def test_results_without_detections_of_an_image_or_any_match(self):
        self.check(9, found=lambda detections: detections[:3])

    def test_single_images(self):
        dataset, detections = scenes.scenes(11)
        truth, found = scenes.written(self.folder, dataset, detections)

        def few(params):
            params.imgIds = params.imgIds[:15]

        for use_categories in (1, 0):
            ours, theirs = (
                evaluated(p, truth, found, lambda q: (few(q), setattr(q, "useCats", use_categories)))
                for p in packages()
            )
            self.assertEqual(len(ours.evalImgs), len(theirs.evalImgs))
            for mine, other in zip(ours.evalImgs, theirs.evalImgs):
                if other is None:
                    self.assertIsNone(mine)
                    continue
                for key, value in other.items():
                    if key == "category_id" and not use_categories:
                        continue
                    self.assertEqual(np.asarray(mine[key]).tolist(), np.asarray(value).tolist(), key)

    def test_the_indices(self):
        dataset, _ = scenes.scenes(12)
        truth, _ = scenes.written(self.folder, dataset, [])
        ours, theirs = (quietly(package.coco, truth) for package in packages())
        images = theirs.getImgIds()
        categories = theirs.getCatIds()
        for call in (
            lambda c: c.getImgIds(),
            lambda c: c.getCatIds(),
            lambda c: c.getCatIds(catNms=[dataset["categories"][1]["name"]]),
            lambda c: c.getCatIds(catNms=dataset["categories"][0]["name"]),
            lambda c: c.getCatIds(supNms=["group 1"]),
            lambda c: c.getCatIds(catIds=categories[:2]),
            lambda c: sorted(c.getImgIds(catIds=categories[:1])),
            lambda c: sorted(c.getImgIds(catIds=categories[:2])),
            lambda c: sorted(c.getImgIds(imgIds=images[:5], catIds=categories[0])),
            lambda c: c.getImgIds(imgIds=images[3]),
            lambda c: c.getAnnIds(),
            lambda c: c.getAnnIds(imgIds=images[0]),
            lambda c: c.getAnnIds(imgIds=images[:9], catIds=categories[:2], iscrowd=None),
            lambda c: c.getAnnIds(iscrowd=True),
            lambda c: c.getAnnIds(areaRng=[500, 5000]),
            lambda c: c.loadAnns(c.getAnnIds(imgIds=images[2])),
            lambda c: c.loadImgs(images[4]),
            lambda c: c.loadImgs(images[4:6]),
            lambda c: c.loadCats(c.getCatIds()),
            lambda c: c.anns,
            lambda c: c.imgs,
            lambda c: c.cats,
            lambda c: dict(c.imgToAnns),
            lambda c: {k: sorted(v) for k, v in c.catToImgs.items()},
            lambda c: c.dataset,
        ):
            self.assertEqual(call(ours), call(theirs))

    def test_results_as_dictionaries(self):
        dataset, detections = scenes.scenes(13)
        truth, path = scenes.written(self.folder, dataset, detections)
        for found in (path, detections, np.array(scenes.rows(detections))):
            ours, theirs = (
                quietly(quietly(package.coco, truth).loadRes, copy.deepcopy(found)) for package in packages()
            )
            self.assertEqual(ours.anns, theirs.anns)
            self.assertEqual(ours.dataset["images"], theirs.dataset["images"])
            self.assertEqual(ours.getAnnIds(), theirs.getAnnIds())

    def test_what_is_changed_is_evaluated(self):
        dataset, detections = scenes.scenes(14)
        truth, found = scenes.written(self.folder, dataset, detections)
        evaluations = []
        for package in packages():
            gt = quietly(package.coco, truth)
            gt.dataset["annotations"] = [a for a in gt.dataset["annotations"] if not a["iscrowd"]]
            gt.dataset["images"] = gt.dataset["images"][:20]
            dt = quietly(gt.loadRes, [d for d in detections if d["score"] > 0.2])
            quietly(gt.createIndex)
            for annotation in dt.anns.values():
                annotation["area"] = annotation["area"] / 3
            evaluation = package.cocoeval(gt, dt, "bbox")
            quietly(evaluation.evaluate)
            quietly(evaluation.accumulate)
            evaluations.append(evaluation)
        self.assert_same_arrays(*evaluations)

    def test_takes_pycocotools_own_objects(self):
        dataset, detections = scenes.scenes(15)
        truth, found = scenes.written(self.folder, dataset, detections)
        gt = quietly(pycocotools.coco.COCO, truth)
        dt = quietly(gt.loadRes, found)
        ours = qyolo.cocoeval.COCOeval(gt, dt, "bbox")
        ours.evaluate()
        ours.accumulate()
        theirs = evaluated(packages()[1], truth, found)
        self.assert_same_arrays(ours, theirs)

    def test_text_ids(self):
        dataset, detections = scenes.scenes(16)
        for entry in dataset["images"]:
            entry["id"] = f"image {entry['id']}"
        for entry in dataset["annotations"] + detections:
            entry["image_id"] = f"image {entry['image_id']}"
        truth, found = scenes.written(self.folder, dataset, detections)
        for given in (found, detections):
            ours, theirs = (evaluated(p, truth, copy.deepcopy(given)) for p in packages())
            self.assert_same_arrays(ours, theirs)
        gt = qyolo.coco.COCO(truth)
        dt = gt.loadRes(found)
        self.assertEqual(len(gt.anns), len(dataset["annotations"]))  # dictionaries from here on
        evaluation = qyolo.cocoeval.COCOeval(gt, dt, "bbox")
        evaluation.params.imgIds = evaluation.params.imgIds[:7]
        evaluation.evaluate()
        evaluation.accumulate()
        theirs = evaluated(
            packages()[1], truth, found, lambda p: setattr(p, "imgIds", sorted(p.imgIds)[:7])
        )
        self.assert_same_arrays(evaluation, theirs)


class OnItsOwn(unittest.TestCase):
    def test_a_dictionary_is_annotations(self):
        dataset, detections = scenes.scenes(20)
        gt = qyolo.coco.COCO(dataset)
        evaluation = qyolo.cocoeval.COCOeval(gt, gt.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        quietly(evaluation.summarize)
        self.assertEqual(evaluation.stats.shape, (12,))
        self.assertGreater(evaluation.stats[0], 0)

    def test_annotations_are_copied_and_pickled(self):
        dataset, detections = scenes.scenes(21)
        with tempfile.TemporaryDirectory() as folder:
            truth, found = scenes.written(folder, dataset, detections)
            gt = qyolo.coco.COCO(truth)
            dt = pickle.loads(pickle.dumps(gt.loadRes(found)))
            for copied in (copy.deepcopy(gt), pickle.loads(pickle.dumps(gt))):
                evaluation = qyolo.cocoeval.COCOeval(copied, dt, "bbox")
                evaluation.evaluate()
                evaluation.accumulate()
                self.assertEqual(copied.dataset, dataset)

    def test_accumulating_for_other_parameters(self):
        dataset, detections = scenes.scenes(22)
        gt = qyolo.coco.COCO(dataset)
        evaluation = qyolo.cocoeval.COCOeval(gt, gt.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        before = evaluation.eval["precision"].tobytes()
        other = qyolo.cocoeval.Params("bbox")
        other.imgIds, other.catIds, other.maxDets = gt.getImgIds()[:4], gt.getCatIds(), [1, 2, 3]
        evaluation.accumulate(other)
        self.assertEqual(evaluation.eval["counts"], [10, 101, 4, 4, 3])
        evaluation.accumulate()
        self.assertEqual(evaluation.eval["precision"].tobytes(), before)

    def test_every_order_of_calls_is_said(self):
        gt = qyolo.coco.COCO(scenes.scenes(23)[0])
        evaluation = qyolo.cocoeval.COCOeval(gt, gt.loadRes([]), "bbox")
        with self.assertRaisesRegex(RuntimeError, "after evaluate"):
            evaluation.accumulate()
        with self.assertRaisesRegex(RuntimeError, "after accumulate"):
            evaluation.summarize()
        self.assertEqual(evaluation.evalImgs, [])

    def test_data_is_warned_of_once(self):
        dataset, detections = scenes.scenes(24)
        del dataset["annotations"][0]["area"]
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            qyolo.coco.COCO(scenes.written(folder, dataset, detections)[0])
        self.assertEqual(len(said), 1)
        self.assertIn("area", str(said[0].message))
        self.assertEqual(said[0].filename, __file__)


if __name__ == "__main__":
    unittest.main()
