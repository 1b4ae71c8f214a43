package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"strings"
)

const sealed = "sealed:" // begins what Seal returns

// Seal encrypts a text that has to be stored and read back (AES-256-GCM). Keys are
// 32 bytes each, the newest first, which is the one used; context, such as whose the text
// is, must be the same when it is opened. Without keys the text stays as it is.
func Seal(keys [][]byte, text, context string) (string, error) {
	if len(keys) == 0 {
		return text, nil
	}
	box, err := newBox(keys[0])
	if err != nil {
		return "", err
	}
	nonce := make([]byte, box.NonceSize())
	rand.Read(nonce)
	return sealed + base64.RawStdEncoding.EncodeToString(box.Seal(nonce, nonce, []byte(text), []byte(context))), nil
}

// Open reads what Seal made, with any of the keys. What was never sealed comes back as it is.
func Open(keys [][]byte, text, context string) (string, bool) {
	encoded, ok := strings.CutPrefix(text, sealed)
	if !ok {
		return text, true
	}
	raw, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	for _, key := range keys {
		box, err := newBox(key)
		if err != nil || len(raw) < box.NonceSize() {
			continue
		}
		if plain, err := box.Open(nil, raw[:box.NonceSize()], raw[box.NonceSize():], []byte(context)); err == nil {
			return string(plain), true
		}
	}
	return "", false
}

func newBox(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
