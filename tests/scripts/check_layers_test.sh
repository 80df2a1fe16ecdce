#!/usr/bin/env bash
# scripts/check-layers on a tree of its own: what passes, and each thing that it has to find.
set -euo pipefail
check=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/check-layers
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# source PATH [INCLUDE...]: a file that includes these.
source_file() {
  local path=$tree/$1 include
  mkdir -p "$(dirname "$path")"
  shift
  for include in "$@"; do printf '#include "%s"\n' "$include"; done >"$path"
}

# rows ROW...: the table, "room|may use" each.
rows() {
  local row
  mkdir -p "$tree/docs"
  {
    printf '# Architecture\n\n## The rooms\n\n| room | purpose | may use |\n|---|---|---|\n'
    for row in "$@"; do printf '| `%s` | a purpose | %s |\n' "${row%%|*}" "${row#*|}"; done
    printf '\n## Where things are\n\n| `nowhere` | x | `elsewhere` |\n'
  } >"$tree/docs/architecture.md"
}

# A tree in order: cli uses everything, model and plots what they may, and all of them common.
plant() {
  rm -rf "${tree:?}"/*
  rows 'common|-' 'plots|-' 'harness/quant|-' 'harness/model|`harness/quant`, `plots/svg.h`' 'harness/cli|all' 'tests|all'
  source_file common/json.h
  source_file plots/svg.h common/json.h
  source_file plots/axes.h plots/svg.h
  source_file harness/quant/scheme.h common/json.h
  source_file harness/model/graph.h harness/quant/scheme.h plots/svg.h harness/model/head.h
  source_file harness/model/head.h
  source_file harness/cli/main.cpp plots/axes.h harness/model/graph.h
  source_file tests/harness/model/graph_test.cpp harness/model/graph.h tests/support.h
  source_file tests/support.h
}

# expect NAME STATUS TEXT: what the check says of the tree.
expect() {
  local output status=0
  output=$("$check" "$tree" 2>&1) || status=$?
  if [[ $status == "$2" && $output == *"$3"* ]]; then return; fi
  printf 'FAILED: %s: expected status %s and "%s", got %s and:\n%s\n' "$1" "$2" "$3" "$status" "$output" >&2
  failures=$((failures + 1))
}

plant
expect 'a tree in order' 0 'no circle'

plant
source_file harness/quant/packing.cpp harness/model/graph.h
expect 'an include that the table does not list' 1 \
  'harness/quant/packing.cpp:1: harness/quant may not use harness/model/graph.h'

plant
source_file harness/model/fuse.cpp plots/svg.h plots/axes.h
expect 'another header than the listed one' 1 'harness/model/fuse.cpp:2: harness/model may not use plots/axes.h'

plant
source_file harness/cli/run.cpp tests/support.h
expect 'a program that uses tests' 1 'harness/cli/run.cpp:1: harness/cli may not use tests/support.h'

plant
source_file common/file.cpp plots/svg.h
expect 'common leaning on a room' 1 'common/file.cpp:1: common may not use plots/svg.h'

plant
source_file harness/model/graph.h plots/svg.h
expect 'an entry that nothing uses' 1 'harness/model may use harness/quant, but nothing there does'

plant
rows 'common|-' 'plots|`harness/model`' 'harness/quant|-' 'harness/model|`harness/quant`, `plots/svg.h`' 'harness/cli|all' 'tests|all'
source_file plots/axes.h harness/model/graph.h
expect 'a circle between rooms' 1 'a circle: plots -> harness/model -> plots'

plant
source_file harness/loose.cpp
expect 'a source outside all rooms' 1 'harness/loose.cpp: lies in no room'

plant
source_file harness/model/fuse.cpp elsewhere/thing.h
expect 'an include from nowhere' 1 'harness/model/fuse.cpp:1: includes elsewhere/thing.h, which lies in no room'

plant
rows 'common|-' 'plots|-' 'harness/quant|-' 'harness/model|`harness/qant`, `plots/svg.h`' 'harness/cli|all' 'tests|all'
expect 'a misspelled room' 1 'harness/model may use harness/qant, which is no room'

plant
rm "$tree/docs/architecture.md"
expect 'no table' 2 'docs/architecture.md cannot be read'

((failures == 0)) || exit 1
echo "check-layers finds what it has to"
