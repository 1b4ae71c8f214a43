package parts

// Limits bounds what is read of one message. Zero fields take the default.
type Limits struct {
	Bytes  int64 // of the whole message; default 2 MiB
	Header int   // of one header block; default 128 KiB
	Body   int   // of one decoded part; default 128 KiB
	Parts  int   // leaves; default 64
	Depth  int   // nested multiparts; default 8
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 2 << 20
	}
	if l.Header <= 0 {
		l.Header = 128 << 10
	}
	if l.Body <= 0 {
		l.Body = 128 << 10
	}
	if l.Parts <= 0 {
		l.Parts = 64
	}
	if l.Depth <= 0 {
		l.Depth = 8
	}
	return l
}
