#!/usr/bin/env bash
# Builds the reference programs (Go etcd, etcdctl, etcdutl, bbolt) and etcd's
# own test suites at the versions go.mod pins, and the last release's etcd
# (etcd-last-release) at the one in last-release/go.mod.
# Usage: build.sh [OUTPUT_DIR]      (default: build/reference in the repository)
#
# common.test and e2e.test are the suites as they are. Many of their tests start
# three members, or peer TLS, only because that is the framework's default;
# common.single.test and e2e.single.test are the same suites with the default
# changed to one member without TLS, nothing else.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/build/reference}

. "$here/go-check.sh"

mkdir -p "$out"
out=$(cd "$out" && pwd)
tests_module=go.etcd.io/etcd/tests/v3
programs=(
  etcd=go.etcd.io/etcd/server/v3
  etcdctl=go.etcd.io/etcd/etcdctl/v3
  etcdutl=go.etcd.io/etcd/etcdutl/v3
  bbolt=go.etcd.io/bbolt/cmd/bbolt
)
suites=(common e2e)

# A stamp, since `go test -c` links again on every call.
stamp=$(cat "$here/go.mod" "$here/go.sum" "$here/build.sh" <(go version) | sha256sum | cut -d' ' -f1)

# A module of its own: two releases of one module don't go into one build.
build_last_release() {
  local version
  version=$(sed -n 's|.*go.etcd.io/etcd/server/v3 v||p' "$here/last-release/go.mod" | cut -d' ' -f1)
  "$out/etcd-last-release" --version 2>/dev/null | grep -qxF "etcd Version: $version" && return
  echo "building etcd $version"
  (cd "$here/last-release" && CGO_ENABLED=0 nice go build -trimpath -o "$out/etcd-last-release" go.etcd.io/etcd/server/v3)
}

up_to_date() {
  [[ -f $out/.stamp && $(<"$out/.stamp") == "$stamp" ]] || return 1
  local item
  for item in "${programs[@]}"; do [[ -x $out/${item%%=*} ]] || return 1; done
  for item in "${suites[@]}"; do
    [[ -x $out/$item.test && -x $out/$item.single.test ]] || return 1
  done
}

build_programs() {
  local item
  for item in "${programs[@]}"; do
    echo "building ${item%%=*}"
    nice go build -trimpath -o "$out/${item%%=*}" "${item#*=}"
  done
}

build_suites() { # file name suffix, further arguments of go test
  local item suffix=$1
  shift
  for item in "${suites[@]}"; do
    echo "building $item$suffix"
    nice go test -c -tags e2e "$@" -o "$out/$item$suffix" "$tests_module/$item"
  done
}

# Copies the tests' module and changes its two defaults; each must match once.
make_single_member_copy() {
  local copy=$1 source
  source=$(go list -m -f '{{.Dir}}' "$tests_module")
  rm -rf "$copy"
  mkdir -p "$copy"
  cp -r "$source" "$copy/tests"
  chmod -R u+w "$copy"
  replace_once "$copy/tests/framework/config/cluster.go" \
    's/ClusterSize: +3,/ClusterSize: 1,/'
  replace_once "$copy/tests/framework/e2e/cluster.go" \
    '/^func NewConfigAutoTLS/,/^}/ s/WithIsPeerTLS\(true\)/WithIsPeerTLS(false)/'
  cp "$here/go.mod" "$here/go.sum" "$copy"
  go mod edit -replace "$tests_module=$copy/tests" "$copy/go.mod"
}

replace_once() { # file, sed expression
  local changed
  changed=$(sed -E "$2" "$1" | diff -U0 "$1" - | grep -c '^+[^+]' || true)
  if [[ $changed != 1 ]]; then
    echo "$1 changed in $changed places, not one: $2" >&2
    exit 1
  fi
  sed -E -i "$2" "$1"
}

build_last_release
if up_to_date; then
  echo "reference binaries are up to date in $out"
  exit 0
fi
cd "$here"
rm -f "$out/.stamp"
export CGO_ENABLED=0
build_programs
build_suites .test
single=$out/single-member-suites
make_single_member_copy "$single"
build_suites .single.test "-modfile=$single/go.mod"
rm -rf "$out/fixtures"
cp -r "$single/tests/fixtures" "$out/fixtures"
echo "$stamp" >"$out/.stamp"
"$out/etcd" --version | sed -n 1p
