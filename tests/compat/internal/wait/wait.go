// Package wait asks again and again until something holds.
package wait

import "time"

// Until calls check, at least once and then after every pause, until it returns
// nil. After limit it gives up and returns check's last error.
func Until(limit, pause time.Duration, check func() error) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
