//go:build tools

// Package kube pins, through go.mod, the version of the API server that
// build.sh compiles. It is not linked into anything here.
package kube

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
