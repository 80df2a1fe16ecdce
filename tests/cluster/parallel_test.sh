#!/usr/bin/env bash
# cluster/parallel.sh over two sshd's on the loopback address, with keys and configuration of their own.
#
#   tests/cluster/parallel_test.sh QYOLO     skipped (77) where there is no GNU parallel or sshd does not start
set -euo pipefail
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
QYOLO=$(realpath "$1")
export QYOLO
source "$SOURCE/tests/cluster/cluster.sh"
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT
PATH=$PATH:/usr/sbin
parallel --version 2>/dev/null | grep -q GNU || skip "no GNU parallel"
for tool in sshd ssh ssh-keygen; do command -v "$tool" >/dev/null || skip "no $tool"; done
chmod 700 "$work"
ssh-keygen -q -t ed25519 -N '' -f "$work/host"
ssh-keygen -q -t ed25519 -N '' -f "$work/user"
cp "$work/user.pub" "$work/authorized"
if [[ $(id -u) == 0 ]]; then mkdir -p /run/sshd; fi
hosts=()
for i in 1 2; do
  for ((port = 20000 + RANDOM % 20000; ; ++port)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  "$(command -v sshd)" -D -e -p "$port" -h "$work/host" -f /dev/null -o ListenAddress=127.0.0.1 -o PidFile=none -o UsePAM=no \
    -o AuthorizedKeysFile="$work/authorized" -o StrictModes=no -o PasswordAuthentication=no 2>"$work/sshd.$i" &
  pids+=($!)
  hosts+=("ssh -q -p $port -i $work/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1")
done
sleep 1
for host in "${hosts[@]}"; do
  # shellcheck disable=SC2086
  $host true || skip "no ssh to this machine: $(tail -n 1 "$work/sshd.1")"
done
printf '%s\n' "${hosts[@]}" >"$work/hosts"
write_experiment "$experiment" 8
"$QYOLO" run "$experiment" --out "$work/one" --threads 1 -q >/dev/null
cd "$work"
"$SOURCE/cluster/parallel.sh" "$work/hosts" 4 "$experiment" "$work/run" --task-images 2 --threads 1 >"$work/parallel.log" 2>&1 ||
  fail "$(cat "$work/parallel.log")"
# Whoever comes last makes the records; where the last two come at once, one of them does.
expect_same_records "$work/run" "$work/one"
expect_each_task_once "$work/parallel.log"
