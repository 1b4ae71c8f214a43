package tokens

// Fingerprint is what remains of an erased address: a keyed sum of its
// email_key that only this installation can recompute. It is made under the
// newest key, whose id is kept beside it.
func (r *Keyring) Fingerprint(emailKey string) (kid string, sum []byte) {
	k := r.keys[0]
	return k.id, k.prints.sum(nil, []byte(emailKey))
}

// Fingerprints returns the fingerprint under every key, newest first: an
// address erased under a retired key is still known.
func (r *Keyring) Fingerprints(emailKey string) [][]byte {
	sums := make([][]byte, len(r.keys))
	for i, k := range r.keys {
		sums[i] = k.prints.sum(nil, []byte(emailKey))
	}
	return sums
}
