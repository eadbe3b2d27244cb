#!/usr/bin/env bash
# down.sh [--keep]: ends the three regions and removes their data, unless it is to be kept.
set -euo pipefail
cd "$(dirname "$0")"
source ./regions.sh
if [[ ${1:-} == --keep ]]; then compose down; else compose down --volumes; fi
