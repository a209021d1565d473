#!/usr/bin/env bash
# Builds the reference programs if need be, then runs one of the tools in cmd/.
# Usage: run.sh suites|swap|killtest|badinput|apicheck [FLAGS]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/go-check.sh"
if [[ $# -lt 1 || ! -d $here/cmd/$1 ]]; then
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
fi
tool=$1
shift
"$here/build.sh" >&2
cd "$here"
go build -o "../../build/reference/tools/$tool" "./cmd/$tool"
cd - >/dev/null
exec "$here/../../build/reference/tools/$tool" "$@"
