#!/usr/bin/env bash
# cut.sh REGION: no packet passes between this region and the others, until heal.sh REGION.
set -euo pipefail
cd "$(dirname "$0")"
source ./regions.sh
set_links true "${1:?want a region: ${regions[*]}}"
echo "$1 is cut off"
