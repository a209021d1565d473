package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	callLimit  = 30 * time.Second
	retryPause = 50 * time.Millisecond
)

// writeAll takes every object through its life with several workers: all are
// created, every fifth is updated, every tenth deleted.
func writeAll(ctx context.Context, kinds []*kind, objects, workers int) error {
	type job struct {
		kind  *kind
		index int
	}
	jobs := make(chan job)
	errs := make(chan error, workers)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for j := range jobs {
				if err := j.kind.live(ctx, j.index); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	var failed error
	for i := 0; i < objects*len(kinds) && failed == nil; i++ {
		select {
		case jobs <- job{kinds[i%len(kinds)], i / len(kinds)}:
		case failed = <-errs:
		}
	}
	close(jobs)
	group.Wait()
	close(errs)
	if failed == nil {
		failed = <-errs
	}
	return failed
}

// live is one object's life.
func (k *kind) live(ctx context.Context, index int) error {
	name := fmt.Sprintf("object-%05d", index)
	err := k.create(ctx, name)
	if err == nil && index%5 == 0 {
		err = k.update(ctx, name)
	}
	if err == nil && index%10 == 9 {
		err = k.remove(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("%s/%s: %w", k.name, name, err)
	}
	k.ledger.finish()
	return nil
}

// until repeats a call until it is done or ctx ends. While etcd is away calls
// fail, and may have been carried out all the same.
func until(ctx context.Context, call func(ctx context.Context) (done bool, err error)) error {
	for {
		limited, cancel := context.WithTimeout(ctx, callLimit)
		done, err := call(limited)
		cancel()
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %v", ctx.Err(), err)
		case <-time.After(retryPause):
		}
	}
}

func (k *kind) create(ctx context.Context, name string) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		created, err := k.client.Create(ctx, k.object(name, "created"), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) { // an earlier try, of which no answer came, did it
			created, err = k.client.Get(ctx, name, metav1.GetOptions{})
		}
		if err == nil {
			k.ledger.hold(created)
		}
		return err == nil || apierrors.IsInvalid(err) || apierrors.IsForbidden(err), err
	})
}

func (k *kind) update(ctx context.Context, name string) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		object, err := k.client.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return apierrors.IsNotFound(err), err
		}
		if object.GetLabels()[label] != "updated" {
			object.SetLabels(map[string]string{label: "updated"})
			if object, err = k.client.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
				return false, err
			}
		}
		k.ledger.hold(object)
		return true, nil
	})
}

func (k *kind) remove(ctx context.Context, name string) error {
	atOnce := int64(0) // a Pod would wait for its kubelet
	return until(ctx, func(ctx context.Context) (bool, error) {
		err := k.client.Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &atOnce})
		if err != nil && !apierrors.IsNotFound(err) {
			return false, err
		}
		k.ledger.drop(name)
		return true, nil
	})
}
