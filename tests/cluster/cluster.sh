# What the tests of cluster/ have in common. Sourced with QYOLO (the binary) and SOURCE (the project's root) set.

# Ends the test as skipped, saying why.
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

work=$(mktemp -d)
experiment=$work/experiment.json

# The embedded network on a few small images: NAME OF FILE, IMAGES.
write_experiment() {
  cat >"$1" <<JSON
{"name": "small", "model": "$SOURCE/datasets/parts/parts-yolov7-w025.pt",
 "dataset": {"images": "$SOURCE/datasets/parts/val/images", "annotations": "$SOURCE/datasets/parts/val/annotations.json"},
 "evaluation": {"img": 128, "limit": $2, "batch": 2}, "uncertainty": {"resamples": 100}, "latency": {"rounds": 0},
 "matrix": [{"scheme": ["affine", "symmetric", "pwlq"], "granularity": "filter", "bits": [8, 4]}]}
JSON
}

# The records of a run folder without their times.
without_times() { sed -E 's/"seconds":\{[^}]*\}//; s/,"crc32":"[0-9a-f]*"//' "$1/records.jsonl"; }

# Fails unless a run's records are those of another one, byte for byte but for times.
expect_same_records() {
  cmp <(without_times "$1") <(without_times "$2") || fail "the records of $1 are not those of $2"
  echo "$(wc -l <"$1/records.jsonl") records, byte for byte those of one process but for times"
}

# Fails where a task was done twice: LOG...; says how many there were.
expect_each_task_once() {
  local done_tasks twice
  done_tasks=$(cat "$@" | tr '\r' '\n' | sed -n 's/.*: task \([0-9a-f]\{32\}\).*/\1/p')
  twice=$(sort <<<"$done_tasks" | uniq -d)
  [[ -z $twice ]] || fail "done twice: $twice"
  echo "$(wc -l <<<"$done_tasks") tasks done, each of them once"
}
