package wxcrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"errors"
	"slices"
)

// The block sizes of the PKCS#7 padding. That of AES itself is always 16; message push pads to 32.
const (
	DataBlock = 16 // encryptedData of a mini program, padding 1..16
	PushBlock = 32 // message push, padding 1..32
)

var (
	// ErrSize means a key that is not 16, 24 or 32 bytes, an IV that is not 16, a block outside
	// 1..255, or data to decrypt that is empty or has a partial AES block.
	ErrSize = errors.New("wxcrypt: wrong size of key, IV or data")
	// ErrPadding means that what was decrypted does not end in PKCS#7 padding: the wrong key, or
	// data that was changed.
	ErrPadding = errors.New("wxcrypt: wrong padding")
)

// Decrypt decrypts data with AES-CBC and removes the padding of 1 to block bytes. It does not
// change data. The errors are [ErrSize] and [ErrPadding].
func Decrypt(key, iv, data []byte, block int) ([]byte, error) {
	c, err := newAES(key, iv, block)
	if err != nil || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, ErrSize
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(c, iv).CryptBlocks(plain, data)
	return unpad(plain, block)
}

// Encrypt pads data to whole blocks of the given size, a multiple of 16, and encrypts it with
// AES-CBC. It does not change data. The error is [ErrSize].
func Encrypt(key, iv, data []byte, block int) ([]byte, error) {
	c, err := newAES(key, iv, block)
	if err != nil || block%aes.BlockSize != 0 {
		return nil, ErrSize
	}
	pad := block - len(data)%block
	sealed := append(slices.Clip(data), slices.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(sealed, sealed)
	return sealed, nil
}

func newAES(key, iv []byte, block int) (cipher.Block, error) {
	if len(iv) != aes.BlockSize || block < 1 || block > 255 {
		return nil, ErrSize
	}
	return aes.NewCipher(key)
}

// unpad looks at as many bytes as the longest padding has, whatever the last byte says, so that
// the time it takes tells nothing about the content.
func unpad(plain []byte, block int) ([]byte, error) {
	pad := int(plain[len(plain)-1])
	window := min(block, len(plain))
	good := subtle.ConstantTimeLessOrEq(1, pad) & subtle.ConstantTimeLessOrEq(pad, window)
	for i := range window {
		same := subtle.ConstantTimeByteEq(plain[len(plain)-1-i], byte(pad))
		inPadding := subtle.ConstantTimeLessOrEq(i+1, pad)
		good &= subtle.ConstantTimeSelect(inPadding, same, 1)
	}
	if good != 1 {
		return nil, ErrPadding
	}
	return plain[:len(plain)-pad], nil
}
