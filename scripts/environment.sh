# Shared by the scripts beside it: where things are, how packages are installed, how to build. To be sourced.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${QYOLO_DEPS:=${XDG_CACHE_HOME:-$HOME/.cache}/qyolo}"
export QYOLO_DEPS
libtorch_dir=$QYOLO_DEPS/libtorch-2.15.0
# A compiler cache, where there is one, serves every clone.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { echo "$(basename "$0"): $*" >&2; }

# install_packages PACKAGE...: Debian packages, those that are missing.
install_packages() {
  local package missing=() as_root=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then as_root=(sudo); fi
  if ! command -v apt-get >/dev/null || { ((EUID != 0)) && ! command -v sudo >/dev/null; }; then
    say "these packages are missing and cannot be installed from here (no apt-get, or neither root nor sudo):"
    printf '  %s\n' "${missing[@]}" >&2
    exit 2
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Whether CMAKE_PREFIX_PATH already leads to a LibTorch.
own_libtorch() {
  local dir
  while IFS= read -r -d: dir; do
    [[ -n $dir && -e $dir/include/torch/torch.h ]] && return 0
  done <<<"${CMAKE_PREFIX_PATH:-}:"
  return 1
}

# A compiler may take a gigabyte here: as many at a time as there are cores and memory for.
build_jobs() {
  local cores gigabytes
  cores=$(nproc)
  gigabytes=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  echo $((gigabytes < 1 ? 1 : gigabytes < cores ? gigabytes : cores))
}

# Reads ninja's output, its status being "@done/total "; tells how far it is and how long the rest may take, on one line of a
# terminal, else every tenth. Everything that is no progress (warnings, errors) is passed on.
show_progress() {
  local line done total step=0 terminal=
  [[ -t 2 ]] && terminal=1
  local start=$SECONDS left
  while IFS= read -r line; do
    if [[ $line =~ ^@([0-9]+)/([0-9]+)\  ]]; then
      done=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
      left=$((done > 0 ? (SECONDS - start) * (total - done) / done : 0))
      if [[ -n $terminal ]]; then
        printf '\r\033[K  built %d of %d, %d:%02d so far, about %d:%02d to go' "$done" "$total" \
          $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60)) $((left / 60)) $((left % 60)) >&2
      elif ((total > 0 && done * 10 / total > step || done == total)); then
        step=$((done * 10 / total))
        printf '  built %d of %d, %d s so far, about %d s to go\n' "$done" "$total" $((SECONDS - start)) "$left" >&2
      fi
    else
      [[ $line == ninja:\ no\ work* ]] || echo "${terminal:+$'\r\033[K'}$line" >&2
    fi
  done
  if [[ -n $terminal ]]; then printf '\r\033[K' >&2; fi
}

# configure PRESET [-DNAME=VALUE...]: every setting as given; what else the build folder is set to stays. QYOLO_WERROR=ON
# in the environment makes warnings errors.
configure() {
  local preset=$1 dir=$root/build
  shift
  [[ -z ${QYOLO_WERROR:-} ]] || set -- "-DQYOLO_WERROR=$QYOLO_WERROR" "$@"
  [[ $preset == release ]] || dir=$root/build-$preset
  (cd "$root" && cmake --preset "$preset" "$@") >"$dir.configure.log" 2>&1 || {
    cat "$dir.configure.log" >&2
    say "cmake could not configure $dir (above; also in $dir.configure.log)"
    exit 2
  }
}

# build PRESET [TARGET...]
build() {
  local preset=$1 targets=()
  shift
  (($#)) && targets=(--target "$@")
  (cd "$root" && NINJA_STATUS='@%f/%t ' cmake --build --preset "$preset" "${targets[@]}" -- -j "$(build_jobs)") 2>&1 |
    show_progress || {
    say "the build failed (above)"
    exit 2
  }
}
