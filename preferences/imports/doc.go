// Package imports takes people and their choices from CSV files (RFC 4180) of any size.
//
// What it promises: a file can add what nobody has spoken against and can carry opt-outs, but it never turns an opt-out,
// objection, suppression, restriction or erased person back on; each row is accounted for, by the line and the reason; and
// what an import did can be taken back.
//
// A file is stored in a folder of this machine and worked off in batches, each of which is committed together with its
// count, so that a crash loses nothing and repeats nothing.
package imports
