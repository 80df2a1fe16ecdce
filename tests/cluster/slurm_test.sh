#!/usr/bin/env bash
# cluster/slurm.sh under a real Slurm: two nodes, eight array tasks, one node lost as on a power cut and brought back. The records are those
# of one process, and no finished task was done again.
#
#   tests/cluster/slurm_test.sh QYOLO [IMAGES]     skipped (77) where no Slurm can be started
set -euo pipefail
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
QYOLO=$(realpath "$1")
export QYOLO
images=${2:-8}
source "$SOURCE/tests/cluster/cluster.sh"
slurm=$SOURCE/../shared/tools/slurm-on-one-host
cluster=$work/slurm
end() {
  if [[ -d $cluster ]]; then "$slurm" stop "$cluster" >/dev/null 2>&1 || true; fi
  rm -rf "$work" 2>/dev/null || { sleep 2; rm -rf "$work"; }
}
trap end EXIT
[[ -x $slurm ]] || skip "no ../shared/tools/slurm-on-one-host"
[[ $(id -u) == 0 ]] || skip "Slurm's daemons need root here"
for tool in slurmctld slurmd sbatch squeue munge; do
  command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || skip "no $tool (Debian's slurm-wlm and munge)"
done
PATH=$PATH:/usr/sbin

write_experiment "$experiment" "$images"
"$QYOLO" run "$experiment" --out "$work/one" --threads 1 -q >/dev/null
timeout 60 "$slurm" start "$cluster" 2 >"$work/start.log" 2>&1 || skip "Slurm does not start: $(tail -n 1 "$work/start.log")"
export SLURM_CONF=$cluster/slurm.conf
[[ $(sinfo -h -o %D -t idle) == 2 ]] || { sleep 5; [[ $(sinfo -h -o %D -t idle) == 2 ]]; } || skip "its nodes are not idle: $(sinfo -h)"

run=$work/run
cd "$work"
job=$(sbatch --parsable --array=0-7 --cpus-per-task=1 --mem-per-cpu=0 --output="$work/%a.log" "$SOURCE/cluster/slurm.sh" \
  "$experiment" "$run" --task-images 2)
tasks() { find "$run/tasks" -name '*.task' 2>/dev/null | wc -l; }
waited=0
until [[ $(tasks) -ge 3 && -n $(squeue -h -w n2 -t R -o %i) ]]; do
  ((++waited < 300)) || fail "no task was done within 60 s: $(cat "$work"/*.log)"
  sleep 0.2
done
lost=$(squeue -h -w n2 -t R -o %i | head -n 1)
"$slurm" kill-node "$cluster" 2
echo "node n2 lost with array task $lost of job $job, $(tasks) tasks finished"
sleep 2
slurmd -N n2
for ((waited = 0; waited < 240; ++waited)); do
  [[ -n $(squeue -h -j "$job" 2>/dev/null) ]] || break
  # Slurm lets what it queues again wait for two minutes.
  if [[ $(squeue -h -j "$lost" -t PD -o %r 2>/dev/null) == BeginTime ]]; then
    echo "Slurm has queued $lost again"
    scontrol update JobId="$lost" StartTime=now
  fi
  sleep 0.5
done
[[ -z $(squeue -h -j "$job" 2>/dev/null) ]] || fail "the job does not end: $(squeue)"
[[ -s $run/records.jsonl ]] || fail "no records: $(tail -n 3 "$work"/*.log)"
expect_same_records "$run" "$work/one"
expect_each_task_once "$work"/*.log
grep -h "finished by an earlier run" "$work"/*.log | sed 's/^/the array task that was queued again: /' || true
