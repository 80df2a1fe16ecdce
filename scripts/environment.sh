# Shared by scripts/setup, demo and test: where things are, and how to build. To be sourced.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${QYOLO_DEPS:=${XDG_CACHE_HOME:-$HOME/.cache}/qyolo}"
export QYOLO_DEPS
libtorch_dir=$QYOLO_DEPS/libtorch-2.15.0

# Whether CMAKE_PREFIX_PATH already leads to a LibTorch.
own_libtorch() {
  local dir
  while IFS= read -r -d: dir; do
    [[ -n $dir && -e $dir/include/torch/torch.h ]] && return 0
  done <<<"${CMAKE_PREFIX_PATH:-}:"
  return 1
}

# configure_and_build PRESET [TARGET...]: configures only where that has not been done yet.
configure_and_build() {
  local preset=$1 dir=$root/build
  shift
  [[ $preset == release ]] || dir=$root/build-$preset
  local targets=()
  (($#)) && targets=(--target "$@")
  (
    cd "$root"
    [[ -e $dir/build.ninja ]] || cmake --preset "$preset" >"$dir.configure.log" 2>&1 || {
      cat "$dir.configure.log" >&2
      exit 2
    }
    cmake --build --preset "$preset" "${targets[@]}" -- --quiet
  )
}
