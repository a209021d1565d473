package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func diskScenarios() []scenario {
	return []scenario{
		{"disk: read-only, fresh folder", readOnlyFresh},
		{"disk: read-only, folder with data", readOnlyData},
		{"disk: full under a fresh folder", fullFresh},
		{"disk: full under the WAL", fullUnderWAL},
		{"disk: full under the db file", fullUnderDB},
		{"disk: quota reached, then killed", quotaThenKill},
	}
}

// mounted makes a small file system of its own at path and returns how to take
// it away.
func mounted(path string, mebibytes int) (unmount func(), err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	err = syscall.Mount("badinput", path, "tmpfs", 0, sizeOption(mebibytes))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return nil, skipped("mounting needs root")
	}
	return func() { _ = syscall.Unmount(path, syscall.MNT_DETACH) }, err
}

func sizeOption(mebibytes int) string { return fmt.Sprintf("size=%dm,mode=0700", mebibytes) }

func readOnly(path string) error {
	return syscall.Mount("badinput", path, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

func resize(path string, mebibytes int) error {
	return syscall.Mount("badinput", path, "tmpfs", syscall.MS_REMOUNT, sizeOption(mebibytes))
}

// onDisk makes a victim whose data folder lies on a disk of its own.
func (st *stage) onDisk(mebibytes int, flags ...string) (v *victim, disk string, unmount func(), err error) {
	disk = filepath.Join(st.folder, "disk")
	if unmount, err = mounted(disk, mebibytes); err != nil {
		return nil, "", nil, err
	}
	if v, err = st.newVictim(st.Etcd, flags...); err != nil {
		unmount()
		return nil, "", nil, err
	}
	v.DataDir = filepath.Join(disk, "data")
	return v, disk, unmount, nil
}

func readOnlyFresh(st *stage) (string, error) {
	v, disk, unmount, err := st.onDisk(300)
	if err != nil {
		return "", err
	}
	defer unmount()
	if err := readOnly(disk); err != nil {
		return "", err
	}
	return v.mustRefuse()
}

func readOnlyData(st *stage) (string, error) {
	v, disk, unmount, err := st.onDisk(300)
	if err != nil {
		return "", err
	}
	defer unmount()
	defer func() { _ = v.Kill() }()
	if err := v.StartReady(30 * time.Second); err != nil {
		return "", err
	}
	if err := errors.Join(v.write(100, 100), v.Stop(), readOnly(disk)); err != nil {
		return "", err
	}
	happened, err := v.mustRefuse()
	if err != nil {
		return "", err
	}
	if err := resize(disk, 300); err != nil {
		return "", err
	}
	return happened, v.restart()
}

func fullFresh(st *stage) (string, error) {
	v, _, unmount, err := st.onDisk(1)
	if err != nil {
		return "", err
	}
	defer unmount()
	return v.mustRefuse()
}

// fullUnderWAL writes until the disk of the WAL is full: the server must end, or
// refuse writes, with a clear message, and have all once there is room again.
func fullUnderWAL(st *stage) (string, error) {
	disk := filepath.Join(st.folder, "wal-disk")
	unmount, err := mounted(disk, 150)
	if err != nil {
		return "", err
	}
	defer unmount()
	v, err := st.newVictim(st.Etcd, "--wal-dir="+filepath.Join(disk, "wal"))
	if err != nil {
		return "", err
	}
	return v.fillAndRecover(disk, 400)
}

func fullUnderDB(st *stage) (string, error) {
	v, disk, unmount, err := st.onDisk(60, "--wal-dir="+filepath.Join(st.folder, "wal"))
	if err != nil {
		return "", err
	}
	defer unmount()
	return v.fillAndRecover(disk, 400)
}

// fillAndRecover writes at most 400 MB, gives the disk more room, and checks.
func (v *victim) fillAndRecover(disk string, roomLater int) (string, error) {
	defer func() { _ = v.Kill() }()
	if err := v.StartReady(30 * time.Second); err != nil {
		return "", err
	}
	var refusal error
	for range 40 {
		if refusal = v.write(10, 1_000_000); refusal != nil {
			break
		}
	}
	if refusal == nil {
		return "", fmt.Errorf("%d MB fit on a small disk", len(v.acked))
	}
	happened := "refuses: " + refusal.Error()
	if _, err := v.WaitExit(5 * time.Second); err == nil {
		if happened, err = v.ending(0); err != nil {
			return "", err
		}
	} else if err := v.Kill(); err != nil {
		return "", err
	}
	if !strings.Contains(happened, "no space left on device") && !strings.Contains(happened, "space exceeded") {
		return "", fmt.Errorf("unclear message: %s", happened)
	}
	if err := resize(disk, roomLater); err != nil {
		return "", err
	}
	if err := v.restart(); err != nil {
		return "", fmt.Errorf("with room again: %w", err)
	}
	return fmt.Sprintf("after %d MB: %s; all there with room again", len(v.acked), happened), nil
}

// quotaThenKill reaches the quota, kills the server, and finds everything and
// the alarm again.
func quotaThenKill(st *stage) (string, error) {
	v, err := st.startVictim(st.Etcd, "--quota-backend-bytes=1048576")
	if err != nil {
		return "", err
	}
	defer func() { _ = v.Kill() }()
	refusal := v.write(10_000, 4096)
	if refusal == nil || !strings.Contains(refusal.Error(), "database space exceeded") {
		return "", fmt.Errorf("over the quota: %v", refusal)
	}
	if err := v.Kill(); err != nil {
		return "", err
	}
	if err := v.StartReady(30 * time.Second); err != nil {
		return "", err
	}
	if err := v.keeps(); err != nil {
		return "", err
	}
	again := v.write(1, 10)
	if again == nil || !strings.Contains(again.Error(), "database space exceeded") {
		return "", fmt.Errorf("the alarm is gone after a restart: %v", again)
	}
	return fmt.Sprintf("%d writes kept, alarm kept", len(v.acked)), nil
}
