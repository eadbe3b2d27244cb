#!/usr/bin/env bash
# converge.sh STREAM [SECONDS]: shows what each region holds of a stream until all hold the same,
# and how long that took; fails when they differ after SECONDS (30).
set -euo pipefail
cd "$(dirname "$0")"
source ./regions.sh
stream=${1:?want a stream} limit=${2:-30}
began=$(date +%s%N) shown=
while :; do
  all=() line=
  for region in "${regions[@]}"; do
    answer=$(curl -sS -m 5 "$(url "$region")/v1/streams/$stream/digest" || true)
    all+=("$answer")
    digest=$(sed -n 's/.*"digest":"\([^"]*\)".*/\1/p' <<<"$answer")
    line+="$region ${digest:-nothing}  "
  done
  passed=$(( ($(date +%s%N) - began) / 1000000 ))
  if [[ $line != "$shown" ]]; then
    printf '%6d ms  %s\n' "$passed" "$line"
    shown=$line
  fi
  # Equal answers: the same vector and the same digest, and not the same refusal.
  if [[ ${all[0]} == *'"digest"'* && ${all[0]} == "${all[1]}" && ${all[1]} == "${all[2]}" ]]; then
    printf 'equal after %d.%03d s\n' $((passed / 1000)) $((passed % 1000))
    exit 0
  fi
  if ((passed > limit * 1000)); then
    echo "not equal after $limit s:" >&2
    printf '%s\n' "${all[@]}" >&2
    exit 1
  fi
  sleep 0.1
done
