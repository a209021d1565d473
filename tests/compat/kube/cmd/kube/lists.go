package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"etcdpp/tests/compat/kube/internal/report"
)

const pageSize = 500

func wholeList() metav1.ListOptions { return metav1.ListOptions{} }

// checkLists compares each way of listing with what was acknowledged.
func checkLists(ctx context.Context, k *kind, results *report.Report) {
	results.Outcome(k.name+": listed at once", "", k.compareWithList(ctx, wholeList()))
	results.Outcome(k.name+": listed in pages", "", k.compareWithList(ctx, metav1.ListOptions{Limit: pageSize}))
	results.Outcome(k.name+": listed from the cache", "", k.compareWithList(ctx, metav1.ListOptions{ResourceVersion: "0"}))
	results.Outcome(k.name+": watched from the beginning", "", k.compareWithFreshWatch(ctx))
}

// list follows the pages to their end; pages of one list are of one revision.
func (k *kind) list(ctx context.Context, options metav1.ListOptions) (map[string]state, error) {
	found := map[string]state{}
	version := ""
	for {
		page, err := k.client.List(ctx, options)
		if err != nil {
			return nil, err
		}
		if version == "" {
			version = page.GetResourceVersion()
		}
		if page.GetResourceVersion() != version {
			return nil, fmt.Errorf("a page of version %s in a list of version %s", page.GetResourceVersion(), version)
		}
		if options.Limit > 0 && int64(len(page.Items)) > options.Limit {
			return nil, fmt.Errorf("%d objects in a page of %d", len(page.Items), options.Limit)
		}
		for i := range page.Items {
			name := page.Items[i].GetName()
			if _, twice := found[name]; twice {
				return nil, fmt.Errorf("%s is listed twice", name)
			}
			found[name] = stateOf(&page.Items[i])
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return found, nil
		}
	}
}

func (k *kind) compareWithList(ctx context.Context, options metav1.ListOptions) error {
	found, err := k.list(ctx, options)
	if err != nil {
		return err
	}
	return k.ledger.compare(found)
}

// compareWithFreshWatch opens a watch that first tells all that is there.
func (k *kind) compareWithFreshWatch(ctx context.Context) error {
	sendFirst := true
	watcher, err := k.client.Watch(ctx, metav1.ListOptions{
		SendInitialEvents:    &sendFirst,
		ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
		AllowWatchBookmarks:  true,
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	found := map[string]state{}
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("event %s: %v", event.Type, event.Object)
		}
		if object.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
			return k.ledger.compare(found)
		}
		found[object.GetName()] = stateOf(object)
	}
	return fmt.Errorf("the watch ended after %d objects", len(found))
}

// eventsExpire writes Events, which the API server puts under leases, and waits
// until they are gone.
func eventsExpire(ctx context.Context, k *kind) error {
	const n = 200
	for i := range n {
		event := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Event", "reason": "Compat", "message": "for a while",
			"involvedObject": map[string]any{"kind": "ConfigMap", "namespace": namespace, "name": "object-00000"},
		}}
		event.SetName(fmt.Sprintf("event-%03d", i))
		if _, err := k.events.Create(ctx, event, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	// The API server lets several Events share a lease, which then lives longer.
	deadline := time.Now().Add(3*eventTTL + time.Minute)
	left := 0
	for time.Now().Before(deadline) {
		list, err := k.events.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if left = len(list.Items); left == 0 {
			return nil
		}
		time.Sleep(500 * time.Millisecond)
	}
	return fmt.Errorf("%d of %d events are left", left, n)
}
