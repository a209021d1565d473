# Sourced by the scripts here: leaves them, with exit code 0 and a notice, when
# Go 1.26 is missing; else sets the environment for every Go command.
if ! command -v go >/dev/null ||
  [[ ! $(GOTOOLCHAIN=local go env GOVERSION) =~ ^go1\.(2[6-9]|[3-9][0-9]) ]]; then
  echo "skipped: Go 1.26 is missing"
  exit 0
fi
export GOTOOLCHAIN=local GOFLAGS="-p=2 -buildvcs=false"
