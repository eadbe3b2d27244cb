# Sourced by the scripts beside it: the regions, where each answers, and what lies between them.
regions=(eu us ap)

url() { # REGION: where its node answers
  case "$1" in
    eu) echo "http://127.0.0.1:${EDGED_EU:-8081}" ;;
    us) echo "http://127.0.0.1:${EDGED_US:-8082}" ;;
    ap) echo "http://127.0.0.1:${EDGED_AP:-8083}" ;;
    *) echo "no region $1; there are: ${regions[*]}" >&2; return 1 ;;
  esac
}

# A link is set at one of its ends, and holds for both ways: a delay set at both would count twice.
links() { # the end that sets it, the other end, the delay one way
  echo "eu us 40ms
eu ap 90ms
us ap 70ms"
}

set_links() { # true|false REGION: cuts or heals every link of a region
  local cut=$1 region=$2 at to delay
  url "$region" >/dev/null
  while read -r at to delay; do
    [[ $region == "$at" || $region == "$to" ]] || continue
    curl -sS --fail-with-body -m 5 -X PUT -H 'Content-Type: application/json' \
      -d "{\"delay\":\"$delay\",\"jitter\":\"2ms\",\"cut\":$cut}" "$(url "$at")/v1/links/$to" >/dev/null
  done < <(links)
}

if docker compose version >/dev/null 2>&1; then
  compose() { docker compose --file "$(dirname "${BASH_SOURCE[0]}")/compose.yaml" --project-name "${EDGED_PROJECT:-edged}" "$@"; }
else
  compose() { docker-compose --file "$(dirname "${BASH_SOURCE[0]}")/compose.yaml" --project-name "${EDGED_PROJECT:-edged}" "$@"; }
fi
