#!/usr/bin/env bash
# Builds the image, makes a mesh secret where there is none, starts the three regions, and gives
# the links between them their delays.
set -euo pipefail
cd "$(dirname "$0")"
source ./regions.sh
./image
secret=build/secret/mesh
if [[ ! -s $secret ]]; then
  mkdir -p -m 0700 build/secret
  build/edged mesh secret >"$secret.new"
  # The user in the container has to read it; only root can give it to that user alone.
  if [[ $(id -u) == 0 ]]; then chown 65532 "$secret.new" && chmod 0400 "$secret.new"; else chmod 0444 "$secret.new"; fi
  mv "$secret.new" "$secret"
fi
compose up --detach
for region in "${regions[@]}"; do
  at=$(url "$region")
  curl -sS --retry 60 --retry-delay 1 --retry-all-errors -m 5 -o /dev/null --fail "$at/readyz?min_peers=2" 2>/dev/null || {
    echo "region $region is not ready with two peers within a minute:" >&2
    curl -sS -m 5 "$at/readyz?min_peers=2&verbose" >&2 || true
    compose logs --tail 30 "$region" >&2
    exit 1
  }
  echo "$region is ready at $at"
done
for region in "${regions[@]}"; do set_links false "$region"; done
links | while read -r a b delay; do echo "between $a and $b: $delay one way"; done
