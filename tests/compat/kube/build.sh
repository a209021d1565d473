#!/usr/bin/env bash
# Builds Kubernetes' API server at the version go.mod pins -> build/reference/kube-apiserver.
# It compiles 1,400 packages, one at a time behind everything else, with the flags
# that run.sh gives the tool of this module, so that they share what is compiled.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(cd "$here/../../.." && pwd)/build/reference/kube-apiserver
. "$here/../go-check.sh"
cd "$here"

stamp=$(cat go.mod go.sum build.sh <(go version) | sha256sum | cut -d' ' -f1)
[[ -x $out && -f $out.stamp && $(<"$out.stamp") == "$stamp" ]] && exit 0

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
echo "building kube-apiserver $version; this takes long"
mkdir -p "$(dirname "$out")"
nice -n 19 go build -p 1 -o "$out" \
  -ldflags "-X k8s.io/component-base/version.gitVersion=$version" k8s.io/kubernetes/cmd/kube-apiserver
echo "$stamp" >"$out.stamp"
