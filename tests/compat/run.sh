#!/usr/bin/env bash
# Builds the reference programs if need be, then runs one of the tools in cmd/.
# Usage: run.sh suites|swap|killtest|cluster|authstate|faults|badinput|apicheck|gatewaycheck|h2spec|clients|kube [FLAGS]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/go-check.sh"
module=$here
# Tools with many dependencies are modules of their own.
[[ ! -f $here/${1:-}/go.mod ]] || module=$here/$1
if [[ $# -lt 1 || ! -d $module/cmd/$1 ]]; then
  sed -n '2,3s/^# //p' "$0" >&2
  exit 2
fi
tool=$1
shift
"$here/build.sh" >&2
[[ $module == "$here" || ! -x $module/build.sh ]] || "$module/build.sh" >&2
cd "$module"
go build -o "$here/../../build/reference/tools/$tool" "./cmd/$tool"
cd - >/dev/null
exec "$here/../../build/reference/tools/$tool" "$@"
