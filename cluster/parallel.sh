#!/usr/bin/env bash
# An experiment on hosts that are reached by ssh, with GNU parallel: one shard at a time on each of them, one run folder on a file
# system that all of them see under the same path. docs/cluster.md says more.
#
#   cluster/parallel.sh HOSTS SHARDS EXPERIMENT RUN_FOLDER [OPTIONS OF qyolo run...]
#
# HOSTS: a file with one host per line, as parallel's --sshloginfile takes it (":" is this one). A shard whose host is lost is
# given to another one. QYOLO: the binary's path on the hosts, where it is not in PATH.
set -euo pipefail
(($# >= 4)) || { sed -n '2,9p' "$0" >&2; exit 2; }
seq 0 "$(($2 - 1))" | parallel --sshloginfile "$1" --jobs 1 --retries 3 --workdir "$PWD" --tag --line-buffer \
  "${QYOLO:-qyolo}" run "$(printf %q "$3")" --out "$(printf %q "$4")" --shard "{}/$2" "${@:5}"
