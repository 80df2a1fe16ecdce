"""Random annotations and detections, small and nasty: ties, crowds, touching boxes, areas on the bounds."""
import json
import os
import random


def scenes(seed, images=25, categories=4, extra_images=2):
    """A dataset as a dictionary, and detections as dictionaries."""
    rng = random.Random(seed)
    image_ids = rng.sample(range(1, 10000), images)
    category_ids = rng.sample(range(1, 200), categories)
    dataset = {
        "info": {"description": "random scenes", "year": 2026},
        "images": [
            {"id": i, "file_name": f"{i:06}.jpg", "width": 640, "height": 480} for i in image_ids
        ],
        "categories": [
            {"id": k, "name": f"class {k}", "supercategory": f"group {k % 2}"} for k in category_ids
        ],
        "annotations": [],
    }
    detections = []
    for image in image_ids[: images - extra_images]:
        for _ in range(rng.randint(0, 6)):
            box = _box(rng)
            x, y, w, h = box
            dataset["annotations"].append(
                {
                    "id": len(dataset["annotations"]) + 1,
                    "image_id": image,
                    "category_id": rng.choice(category_ids),
                    "bbox": box,
                    "area": rng.choice([w * h, w * h * 0.7, 1024.0, 9216.0]),
                    "iscrowd": int(rng.random() < 0.1),
                    "segmentation": [[x, y, x + w, y, x + w, y + h]],
                }
            )
            for _ in range(rng.randint(0, 3)):
                detections.append(
                    {
                        "image_id": image,
                        "category_id": rng.choice(category_ids + [dataset["annotations"][-1]["category_id"]] * 6),
                        "bbox": _near(rng, box),
                        "score": rng.choice([0.25, 0.5, round(rng.random(), 3)]),
                    }
                )
        for _ in range(rng.randint(0, 4)):
            detections.append(
                {
                    "image_id": image,
                    "category_id": rng.choice(category_ids),
                    "bbox": _box(rng),
                    "score": round(rng.random(), 2),
                }
            )
    return dataset, detections


def rows(detections):
    return [[d["image_id"], *d["bbox"], d["score"], d["category_id"]] for d in detections]


def written(folder, dataset, detections):
    """Paths of both as files."""
    paths = os.path.join(folder, "annotations.json"), os.path.join(folder, "detections.json")
    for path, value in zip(paths, (dataset, detections)):
        with open(path, "w") as file:
            json.dump(value, file)
    return paths


def _box(rng):
    if rng.random() < 0.3:
        side = rng.choice([32.0, 96.0, 64.0])
        return [float(rng.randint(0, 20) * 8), float(rng.randint(0, 20) * 8), side, side]
    return [round(rng.uniform(0, high), 2) for high in (400, 300, 200, 150)]


def _near(rng, box):
    shift, scale = rng.choice([0.0, 0.0, 2.0, 9.0]), rng.choice([1.0, 1.0, 0.9, 0.75])
    return [box[0] + shift, box[1], box[2] * scale, box[3]]
