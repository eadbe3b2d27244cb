#!/usr/bin/env bash
# heal.sh REGION: packets pass again, with the delays that up.sh has set.
set -euo pipefail
cd "$(dirname "$0")"
source ./regions.sh
set_links false "${1:?want a region: ${regions[*]}}"
echo "$1 is connected"
