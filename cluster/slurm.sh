#!/usr/bin/env bash
# An experiment as an array job of Slurm: as many processes as the array has tasks, one run folder on a file system that all
# nodes see. Processes never talk to one another; the last one makes the records. docs/cluster.md says more.
#
#   sbatch [--array=0-31] [--cpus-per-task=4] cluster/slurm.sh EXPERIMENT RUN_FOLDER [OPTIONS OF qyolo run...]
#
# A task whose node is lost is queued again, and goes on where it was. QYOLO: the binary, where it is not in PATH.
#SBATCH --job-name=qyolo
#SBATCH --array=0-7
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A-%a.log
set -euo pipefail
(($# >= 2)) || { sed -n '2,9p' "$0" >&2; exit 2; }
exec "${QYOLO:-qyolo}" run "$1" --out "$2" --shard auto --threads "${SLURM_CPUS_PER_TASK:-1}" "${@:3}"
