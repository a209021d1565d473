package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

const (
	namespace = "compat"
	// label is what updates change.
	label = "compat.test/value"
)

// kind is one resource: its client, how its objects look, and what of them was
// acknowledged.
type kind struct {
	name     string // as in paths: configmaps
	client   dynamic.ResourceInterface
	template func() map[string]any
	ledger   *ledger
	events   dynamic.ResourceInterface
}

var templates = []struct {
	name   string
	object func() map[string]any
}{
	{"configmaps", func() map[string]any {
		return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"text": fill1K}}
	}},
	{"pods", func() map[string]any {
		return map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": map[string]any{
			"containers": []any{map[string]any{"name": "main", "image": "registry.k8s.io/pause:3.10"}},
		}}
	}},
}

var fill1K = fmt.Sprintf("%01024d", 7)

// openKinds makes the namespace and the clients.
func openKinds(ctx context.Context, config *rest.Config) ([]*kind, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	resource := func(name string) dynamic.NamespaceableResourceInterface {
		return client.Resource(schema.GroupVersionResource{Version: "v1", Resource: name})
	}
	space := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	space.SetName(namespace)
	_, err = resource("namespaces").Create(ctx, space, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, err
	}
	var kinds []*kind
	for _, t := range templates {
		kinds = append(kinds, &kind{
			name:     t.name,
			client:   resource(t.name).Namespace(namespace),
			template: t.object,
			ledger:   newLedger(),
			events:   resource("events").Namespace(namespace),
		})
	}
	return kinds, nil
}

func (k *kind) object(name, value string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: k.template()}
	object.SetName(name)
	object.SetLabels(map[string]string{label: value})
	return object
}
