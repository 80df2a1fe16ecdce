#!/usr/bin/env bash
# The container's command of cluster/kubernetes.yaml, run once for every index with the variables that Kubernetes and the manifest set.
# Its schema is checked by kubernetes-validate, where that is installed.
#
#   tests/cluster/kubernetes_test.sh QYOLO
set -euo pipefail
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
QYOLO=$(realpath "$1")
source "$SOURCE/tests/cluster/cluster.sh"
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || skip "no python3"
manifest=$SOURCE/cluster/kubernetes.yaml
if command -v kubernetes-validate >/dev/null; then
  kubernetes-validate --strict "$manifest" || fail "the manifest does not follow its schema"
else
  echo "no kubernetes-validate (PyPI): the schema is not checked"
fi

# value KEY: of a line "KEY: value" of the manifest.
value() { sed -nE "s/^ *(- )?$1: *\"?([^\"#]*[^\"# ])\"?( *#.*)?$/\2/p" "$manifest" | head -n 1; }
completions=$(value completions)
[[ $(grep -A 1 'name: JOB_COMPLETIONS' "$manifest" | sed -nE 's/.*value: "(.*)"/\1/p') == "$completions" ]] ||
  fail "JOB_COMPLETIONS is not the number of completions"
mapfile -t command < <(sed -nE 's/^ *command: (\[.*\])$/\1/p' "$manifest" |
  python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)))')
[[ ${command[0]} == qyolo ]] || fail "the command is '${command[*]}'"
command=("$QYOLO" "${command[@]:1}")
command=("${command[@]/#\/data/$work}")
write_experiment "$work/experiment.json" 8
"$QYOLO" run "$work/experiment.json" --out "$work/one" --threads 1 -q >/dev/null
for ((index = 0; index < completions; ++index)); do
  JOB_COMPLETION_INDEX=$index JOB_COMPLETIONS=$completions "${command[@]}" --task-images 2 >/dev/null 2>"$work/$index.log" ||
    fail "index $index: $(cat "$work/$index.log")"
done
expect_same_records "$work/run" "$work/one"
expect_each_task_once "$work"/*.log
