#!/usr/bin/env python3
"""How long a matrix takes on several nodes, by how finely it is cut: a simulation, from measured task times.

    benchmarks/cluster/makespan.py --run RUN --startup 60 --seconds-per-image 0.235 [--svg FILE]

Of the run folder RUN the tasks' measured times are taken: how much quantizing a cell takes beside one image, and how the
time per image scatters from task to task. Everything else is an argument: the matrix, the nodes, how long a process takes
before its first task (reading and checking all images), how often a node is lost and for how long, how many nodes are slow.

An array of SHARDS processes runs on NODES nodes; a node that is free takes the next process. A process does its tasks one
after the other (those whose place is its own modulo SHARDS), and quantizes a cell once for those of its tasks that are of it. A
node that is lost loses the task it was at; its process is queued first, starts up again, and goes on behind its finished
tasks. The makespan is compared with that of all the work, evenly shared, without start-up and losses.
"""
import argparse
import heapq
import json
import pathlib
import random
import statistics
import struct

MAGIC = b"qyolo task 1\n"


def header_of(path):
    data = path.read_bytes()
    if not data.startswith(MAGIC):
        raise SystemExit(f"{path} is no task file")
    (length,) = struct.unpack_from("<I", data, len(MAGIC))
    return json.loads(data[len(MAGIC) + 4:len(MAGIC) + 4 + length])


class Measured:
    """Of the tasks of a run: seconds of quantizing in units of one image, and scatter around 1 of the time per image."""

    def __init__(self, run):
        per_image, quantize = [], []
        for path in sorted((run / "tasks").glob("*.task")):
            header = header_of(path)
            if "error" in header or header["images"] == 0:
                continue
            seconds = header["record"]["seconds"]
            per_image.append((seconds["total"] - seconds["quantize"]) / header["images"])
            if seconds["quantize"] > 0:
                quantize.append(seconds["quantize"])
        if not per_image:
            raise SystemExit(f"{run} holds no finished tasks")
        image = statistics.mean(per_image)
        self.tasks = len(per_image)
        self.quantize_images = statistics.median(quantize) / image
        self.scatter = [one / image for one in per_image]


def simulate(arguments, measured, shards, images_per_task, dice):
    """Seconds until the last process ends."""
    ranges = max(1, -(-arguments.images // images_per_task))
    total = arguments.cells * ranges
    image = arguments.seconds_per_image
    quantize = measured.quantize_images * image
    queue = list(range(shards))
    done = [0] * shards  # tasks of each
    speed = [arguments.slow_factor if dice.random() < arguments.slow_nodes else 1.0 for _ in range(arguments.nodes)]
    free = [(0.0, node) for node in range(arguments.nodes)]
    heapq.heapify(free)
    lost_at = [dice.expovariate(1 / arguments.hours_between_losses / 3600) for _ in range(arguments.nodes)]
    end = 0.0
    while queue:
        now, node = heapq.heappop(free)
        shard = queue.pop(0)
        now += arguments.startup * speed[node]
        tasks = range(shard, total, shards)
        cell = None
        while now < lost_at[node] and done[shard] < len(tasks):
            place = tasks[done[shard]]
            seconds = image * images_per_task * dice.choice(measured.scatter)
            if place // ranges != cell:
                cell = place // ranges
                seconds += quantize
            now += seconds * speed[node]
            if now < lost_at[node]:
                done[shard] += 1
        if done[shard] < len(tasks) or now >= lost_at[node]:
            now = lost_at[node] + arguments.minutes_lost * 60
            lost_at[node] = now + dice.expovariate(1 / arguments.hours_between_losses / 3600)
            if done[shard] < len(tasks):
                queue.insert(0, shard)
        else:
            end = max(end, now)
        heapq.heappush(free, (now, node))
    return end


def ideal(arguments, measured):
    work = arguments.cells * (arguments.images + measured.quantize_images) * arguments.seconds_per_image
    return work / arguments.nodes


COLOURS = ("#1b6ca8", "#d1495b", "#3d8b37", "#8a5fb0")


def draw(path, curves, shares, arguments):
    """Curves {images per task: {shards per node: makespan / ideal}} as SVG, the x axis by powers of two."""
    width, height, left, bottom, top = 720, 420, 70, 60, 40
    highest = min(3.0, max(max(curve.values()) for curve in curves.values()) * 1.05)

    def x_of(share):
        return left + shares.index(share) * (width - left - 150) / max(1, len(shares) - 1)

    def y_of(value):
        return height - bottom - (min(value, highest) - 1) / (highest - 1) * (height - bottom - top)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left}" y="22" font-size="15">Simulated makespan on {arguments.nodes} nodes, beside evenly shared work</text>']
    ticks = [1 + i * (highest - 1) / 5 for i in range(6)]
    for tick in ticks:
        parts.append(f'<line x1="{left}" x2="{width - 150}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y_of(tick) + 4:.1f}" text-anchor="end">{tick:.2f}</text>')
    for share in shares:
        parts.append(f'<text x="{x_of(share):.1f}" y="{height - bottom + 20}" text-anchor="middle">{share}</text>')
    parts.append(f'<text x="{(left + width - 150) / 2:.0f}" y="{height - 15}" text-anchor="middle">array tasks (shards) per node</text>')
    for colour, (images, curve) in zip(COLOURS, curves.items()):
        points = " ".join(f"{x_of(share):.1f},{y_of(value):.1f}" for share, value in curve.items())
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for share, value in curve.items():
            parts.append(f'<circle cx="{x_of(share):.1f}" cy="{y_of(value):.1f}" r="3" fill="{colour}"/>')
    for i, (colour, images) in enumerate(zip(COLOURS, curves)):
        y = top + 20 + 20 * i
        parts.append(f'<line x1="{width - 140}" x2="{width - 115}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{width - 110}" y="{y + 4}">{images} images/task</text>')
    parts.append("</svg>\n")
    pathlib.Path(path).write_text("\n".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=pathlib.Path, required=True)
    parser.add_argument("--startup", type=float, required=True, help="seconds of a process before its first task")
    parser.add_argument("--seconds-per-image", type=float, required=True)
    parser.add_argument("--cells", type=int, default=46)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--nodes", type=int, default=16)
    parser.add_argument("--hours-between-losses", type=float, default=100, help="of one node, mean")
    parser.add_argument("--minutes-lost", type=float, default=10)
    parser.add_argument("--slow-nodes", type=float, default=0.1, help="share of them")
    parser.add_argument("--slow-factor", type=float, default=1.5)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--svg")
    arguments = parser.parse_args()
    measured = Measured(arguments.run)
    print(f"{measured.tasks} measured tasks: quantizing a cell takes as long as {measured.quantize_images:.1f} images; time per image "
          f"{min(measured.scatter):.2f} to {max(measured.scatter):.2f} times its mean")
    best = ideal(arguments, measured)
    print(f"evenly shared on {arguments.nodes} nodes: {best / 3600:.2f} h")
    shares = [1, 2, 4, 8, 16, 32]
    curves = {}
    print("| images per task | " + " | ".join(f"{share} per node" for share in shares) + " |")
    print("|--:|" + "--:|" * len(shares))
    for images in (64, 256, 1024):
        curves[images] = {}
        for share in shares:
            dice = random.Random(2411)
            ends = [simulate(arguments, measured, share * arguments.nodes, images, dice) for _ in range(arguments.repeats)]
            curves[images][share] = statistics.median(ends) / best
        print(f"| {images} | " + " | ".join(f"{value:.2f}" for value in curves[images].values()) + " |")
    if arguments.svg:
        draw(arguments.svg, curves, shares, arguments)


if __name__ == "__main__":
    main()
