#!/usr/bin/env bash
# Builds Go's etcd with its failpoints compiled in, as its own `make gofail-enable`
# does: the reference for the tests that need them.
# Usage: build-gofail.sh [OUTPUT_DIR]      (default: build/reference/gofail in the repository)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/build/reference/gofail}

. "$here/go-check.sh"

mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$here"
export CGO_ENABLED=0
stamp=$(cat "$here/go.mod" "$here/go.sum" "$here/build-gofail.sh" <(go version) | sha256sum | cut -d' ' -f1)
if [[ -x $out/etcd && -f $out/.stamp && $(<"$out/.stamp") == "$stamp" ]]; then
  echo "etcd with failpoints is up to date in $out"
  exit 0
fi
rm -f "$out/.stamp"

# Copies a module and turns the comments `// gofail: ...` in it into code.
enable() { # module name, folder of the copy
  local source
  source=$(go list -m -f '{{.Dir}}' "$1")
  rm -rf "$2"
  cp -r "$source" "$2"
  chmod -R u+w "$2"
  find "$2" -name '*.go' ! -name '*_test.go' -exec grep -l '// gofail: ' {} + | xargs -n1 dirname | sort -u |
    xargs "$out/gofail-tool" enable
}

echo "building etcd with failpoints"
nice go build -o "$out/gofail-tool" go.etcd.io/gofail
enable go.etcd.io/etcd/server/v3 "$out/server"
enable go.etcd.io/bbolt "$out/bbolt"
cp "$here/go.mod" "$here/go.sum" "$out"
go mod edit -replace "go.etcd.io/etcd/server/v3=$out/server" -replace "go.etcd.io/bbolt=$out/bbolt" "$out/go.mod"
nice go build -modfile "$out/go.mod" -trimpath -o "$out/etcd" go.etcd.io/etcd/server/v3
echo "$stamp" >"$out/.stamp"
"$out/etcd" --version | sed -n 1p
