# Sourced: `engine` sees to it that a Docker engine answers, `engine_down` ends what it started.
# On a machine without one it installs Debian's packages, which needs root.

engine_state= # a directory, where this script has started the engine

engine() {
  if ! command -v docker >/dev/null || ! command -v dockerd >/dev/null && ! docker info >/dev/null 2>&1; then
    install_packages docker.io iptables
  fi
  if ! docker compose version >/dev/null 2>&1 && ! command -v docker-compose >/dev/null; then
    install_packages docker-compose
  fi
  docker info >/dev/null 2>&1 || start_engine || start_engine --storage-driver=vfs || {
    echo "FAILED: no Docker engine runs here and none could be started; the last words of dockerd:" >&2
    tail -n 30 "$engine_state/log" >&2
    exit 1
  }
}

install_packages() {
  echo "installing $*"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null || {
    echo "FAILED: $* could not be installed; install a Docker engine with compose by hand" >&2
    exit 1
  }
}

start_engine() { # options of dockerd
  engine_down
  engine_state=$(mktemp -d)
  # In a session of its own, so that it outlives an interrupt until all is taken down.
  setsid dockerd --pidfile "$engine_state/pid" "$@" >"$engine_state/log" 2>&1 &
  engine_job=$!
  for _ in $(seq 30); do
    docker info >/dev/null 2>&1 && return
    kill -0 "$engine_job" 2>/dev/null || return 1
    sleep 1
  done
  return 1
}

engine_down() {
  [[ -n $engine_state ]] || return 0
  kill "$engine_job" 2>/dev/null && wait "$engine_job" || true
  rm -rf "$engine_state"
  engine_state=
}
