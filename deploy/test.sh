#!/usr/bin/env bash
# The three regions in containers: up, one cut off, publishes on both sides, healed; then every
# region has to hold the same, and every acknowledged event once. Everything that it starts it
# ends; it installs and starts a Docker engine where there is none, and fails where it cannot.
set -euo pipefail
cd "$(dirname "$0")"
source ./engine.sh
export EDGED_PROJECT=edged-test EDGED_EU=18081 EDGED_US=18082 EDGED_AP=18083 EDGED_WAN=172.28.78
work=$(mktemp -d)
trap 'finish $?' EXIT
trap 'exit 130' INT TERM

finish() { # exit code
  [[ $1 == 0 ]] || compose logs --tail 20 2>/dev/null || true
  ./down.sh >/dev/null 2>&1 || true
  engine_down
  rm -rf "$work"
  [[ $1 == 0 ]] && echo "the three regions agree" || echo "FAILED (exit code $1)"
}

fail() { echo "FAILED: $*" >&2; exit 1; }

publish() { # REGION SECONDS: batches of 10 until then; ids that were acknowledged, one a line
  local region=$1 end=$((SECONDS + $2)) n=0 status i lines=
  for i in 0 1 2 3 4 5 6 7 8 9; do lines+="{\"from\":\"$region\",\"n\":$i}"$'\n'; done
  while ((SECONDS < end)); do
    n=$((n + 1))
    status=$(curl -sS -m 10 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/x-ndjson' \
      -H "Idempotency-Key: $region-$n" --data-binary "$lines" "$(url "$region")/v1/streams/orders/events?ack=disk") || true
    [[ $status == 201 ]] || { echo "publish $n in $region was answered $status" >&2; return 1; }
    for i in 0 1 2 3 4 5 6 7 8 9; do echo "$region-$n:$i"; done
    sleep 0.02
  done
}

held() { # REGION: the id of every event that it holds, one a line
  local from='from=earliest' page
  while :; do
    page=$(curl -sS --fail-with-body -m 20 "$(url "$1")/v1/streams/orders/events?limit=1000&$from")
    grep -oE '"id":"[a-z]+-[0-9]+:[0-9]"' <<<"$page" | cut -d'"' -f4 || true
    [[ $page != *'"caught_up":true'* ]] || return 0
    from=cursor=$(sed -n 's/.*"cursor":"\([^"]*\)".*/\1/p' <<<"$page")
  done
}

engine
source ./regions.sh
./down.sh >/dev/null 2>&1 || true # of a run that was ended by force
./up.sh

echo "== traffic in every region, then ap is cut off with the traffic going on"
declare -A writers
for region in "${regions[@]}"; do
  publish "$region" 16 >"$work/$region.acked" &
  writers[$region]=$!
done
sleep 3
./cut.sh ap
sleep 8
level=$(curl -sS -m 10 -w ' %{http_code}' -H 'Content-Type: application/json' -d '{"refused":true}' \
  "$(url ap)/v1/streams/levels/events?ack=regions:2&timeout=2s") || fail "ap does not answer: $level"
[[ $level == *' 503' || $level == *' 504' ]] || fail "ap alone acknowledged regions:2: $level"
echo "regions:2 in ap, cut off: ${level##* }"
for region in "${regions[@]}"; do
  wait "${writers[$region]}" || fail "publishes in $region stopped"
  echo "$region acknowledged $(wc -l <"$work/$region.acked") events"
done
[[ $(curl -sS "$(url eu)/v1/streams/orders/digest") != $(curl -sS "$(url ap)/v1/streams/orders/digest") ]] || fail "the cut has cut nothing"

echo "== healed"
./heal.sh ap
./converge.sh orders 20

sort "$work"/*.acked >"$work/acked"
for region in "${regions[@]}"; do
  held "$region" | sort >"$work/$region.held"
  diff "$work/acked" "$work/$region.held" >"$work/diff" ||
    fail "$region does not hold each acknowledged event once (< lost, > doubled or never acknowledged):"$'\n'"$(head -20 "$work/diff")"
  echo "$region holds each of $(wc -l <"$work/acked") events once"
done
