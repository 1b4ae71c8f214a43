package doctor

import (
	"fmt"
	"os"
)

// Below these the database may stop in the middle of a campaign.
const (
	diskWarn        = 1 << 30
	diskFail        = 100 << 20
	diskWarnPercent = 5
)

// Disk checks that the data folder can be written and has room.
func Disk(dir string) Check {
	const name = "disk"
	if dir == "" {
		return Check{Name: name, Status: Skip, Detail: "no data folder"}
	}
	if err := writable(dir); err != nil {
		return failf(name, "give the user that runs Assent the right to write to the folder, or free the disk", "%v", err)
	}
	free, total, known := space(dir)
	if !known {
		return okf(name, "%s can be written", dir)
	}
	return room(name, dir, free, total)
}

func room(name, dir string, free, total uint64) Check {
	percent := 100
	if total > 0 {
		percent = int(free * 100 / total)
	}
	detail := fmt.Sprintf("%s has %s free of %s (%d %%)", dir, size(free), size(total), percent)
	switch {
	case free < diskFail:
		return failf(name, "free space or move ASSENT_DATA", "%s", detail)
	case free < diskWarn, percent < diskWarnPercent:
		return warnf(name, "free space or move ASSENT_DATA soon", "%s", detail)
	}
	return okf(name, "%s", detail)
}

// writable writes a file to the disk itself and takes it away again.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString("x")
	if syncErr := f.Sync(); err == nil {
		err = syncErr
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if rmErr := os.Remove(f.Name()); err == nil {
		err = rmErr
	}
	return err
}

func size(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
