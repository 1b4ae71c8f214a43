//go:build linux || darwin

package doctor

import "syscall"

// space is what is free for us and in all on the disk of dir.
func space(dir string) (free, total uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, false
	}
	block := uint64(s.Bsize)
	return uint64(s.Bavail) * block, uint64(s.Blocks) * block, true
}
