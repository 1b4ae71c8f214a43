//go:build !linux

package doctor

// kernelSynced cannot be known here.
func kernelSynced() (synced, known bool) { return false, false }
