// Package journal keeps, on the local disk, what a worker must not forget when it is killed: which messages it was about to finish handing
// over, and which replies it got. It is what tells "never accepted, send it again" from "perhaps accepted, never send it again".
//
// Records are appended with one write(2) each and not synced: what a process wrote survives its kill -9 in the page cache, and that is all
// it is for. A crash of the machine may lose the end of a journal. Each therefore carries the boot id of the kernel it was written under;
// after another boot whatever has no reply counts as uncertain.
//
// A worker holds a lock on its journal as long as it lives, so that the next start on the same machine can tell the journals of the dead
// from those of the living.
package journal
