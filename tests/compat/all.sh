#!/usr/bin/env bash
# The tools of this folder in turn, but for kube and the clients of other languages,
# against build/release/bin/etcd; fails if one fails.
# Usage: all.sh sample|full       (sample: what fits into continuous integration)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/go-check.sh"
"$here/build.sh"

echo "== the tools themselves"
(cd "$here" && go vet ./... && go test ./...)

failed=()
passed=0
tool() {
  echo "== $*"
  if "$here/run.sh" "$@"; then passed=$((passed + 1)); else failed+=("$1"); fi
}

suites() { # list, further flags
  tool suites -list "$here/suites/$1.txt" -retries 1 "${@:2}"
}

# Two at a time where tests mostly wait; those of the first two lists measure delays.
for list in one-node peers; do suites "$list"; done
for list in tls auth; do suites "$list" -jobs 2; done
tool swap
tool gatewaycheck
tool h2spec
if [[ ${1:-full} == sample ]]; then
  suites cluster-sample -jobs 2
  tool killtest -cycles 10
  tool apicheck -seeds 1
  tool badinput
  tool faults -cycles 1 -only leader
else
  for list in one-node-more three-members discovery variants; do suites "$list" -jobs 2; done
  suites proxies -go-proxies
  suites failpoints -etcd "$root/build/gofail/bin/etcd"
  tool clients go
  tool killtest
  tool apicheck
  tool badinput
  tool cluster
  tool authstate
  for flags in "" -mixed; do tool faults -cycles 2 $flags; done
fi

((${#failed[@]} == 0)) || echo "failed: ${failed[*]}"
echo "$passed passed, ${#failed[@]} failed"
((${#failed[@]} == 0))
