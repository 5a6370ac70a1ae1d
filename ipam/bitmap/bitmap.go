// Package bitmap is the set of taken host numbers of one address pool: a
// 64-ary summary tree over a bit a number, so that the next free number is
// found in a handful of word operations however full the pool is.
//
// It is pure memory and pure functions: derived from the leases, never
// persisted, no locks (the caller holds the pool's).
package bitmap

import (
	"fmt"
	"math/bits"
)

// MaxSize is the largest number of bits: the host numbers of an IPv4 /8.
const MaxSize = 1 << 24

const (
	wordBits   = 64
	leafWords  = 64
	leafBits   = wordBits * leafWords
	fullWord   = ^uint64(0)
	notFoundAt = -1
)

// leaf holds leafBits numbers; a nil leaf has none taken.
type leaf [leafWords]uint64

// Bitmap is a set of numbers in [0, Size). The zero value is not usable: New.
type Bitmap struct {
	size   uint64
	taken  uint64
	leaves []*leaf
	// full[0] has a bit a word of the leaves, set where all 64 numbers are
	// taken; full[k+1] has a bit a word of full[k]. The last has one word.
	full [][]uint64
}

// New returns an empty set of size numbers, 1 to MaxSize.
func New(size uint64) (*Bitmap, error) {
	if size == 0 || size > MaxSize {
		return nil, fmt.Errorf("bitmap size %d is not in 1 to %d", size, MaxSize)
	}
	b := &Bitmap{size: size, leaves: make([]*leaf, divideUp(size, leafBits))}
	for n := divideUp(size, wordBits); ; {
		n = divideUp(n, wordBits)
		b.full = append(b.full, make([]uint64, n))
		if n == 1 {
			return b, nil
		}
	}
}

// Size is the number of numbers, taken or not.
func (b *Bitmap) Size() uint64 { return b.size }

// Taken is the number of numbers taken.
func (b *Bitmap) Taken() uint64 { return b.taken }

// Has reports whether i is taken; false where i is out of range.
func (b *Bitmap) Has(i uint64) bool {
	if i >= b.size {
		return false
	}
	l := b.leaves[i/leafBits]
	return l != nil && l[i%leafBits/wordBits]&(1<<(i%wordBits)) != 0
}

// Take adds i and reports whether it was free; false where i is out of range.
func (b *Bitmap) Take(i uint64) bool {
	if i >= b.size || b.Has(i) {
		return false
	}
	l := b.leaves[i/leafBits]
	if l == nil {
		l = new(leaf)
		b.leaves[i/leafBits] = l
	}
	word := &l[i%leafBits/wordBits]
	*word |= 1 << (i % wordBits)
	b.taken++
	n := i / wordBits
	for k := 0; *word == fullWord && k < len(b.full); k++ {
		word = &b.full[k][n/wordBits]
		*word |= 1 << (n % wordBits)
		n /= wordBits
	}
	return true
}

// Free removes i and reports whether it was taken.
func (b *Bitmap) Free(i uint64) bool {
	if !b.Has(i) {
		return false
	}
	word := &b.leaves[i/leafBits][i%leafBits/wordBits]
	wasFull := *word == fullWord
	*word &^= 1 << (i % wordBits)
	b.taken--
	n := i / wordBits
	for k := 0; wasFull && k < len(b.full); k++ {
		word = &b.full[k][n/wordBits]
		wasFull = *word == fullWord
		*word &^= 1 << (n % wordBits)
		n /= wordBits
	}
	return true
}

// NextFree returns the first free number in [from, end), and false where there
// is none. It allocates nothing.
func (b *Bitmap) NextFree(from, end uint64) (uint64, bool) {
	end = min(end, b.size)
	if from >= end {
		return 0, false
	}
	if at := firstClear(b.word(from/wordBits), from%wordBits); at != notFoundAt {
		i := from/wordBits*wordBits + uint64(at)
		return i, i < end
	}
	word, found := b.nextOpen(0, from/wordBits+1)
	if !found {
		return 0, false
	}
	i := word*wordBits + uint64(firstClear(b.word(word), 0))
	return i, i < end
}

// nextOpen returns the first number n >= from of level k's items whose bit in
// full[k] is clear: a word of the leaves (k = 0) or of full[k-1] that has room.
func (b *Bitmap) nextOpen(k int, from uint64) (uint64, bool) {
	level := b.full[k]
	word := from / wordBits
	if word >= uint64(len(level)) {
		return 0, false
	}
	if at := firstClear(level[word], from%wordBits); at != notFoundAt {
		return word*wordBits + uint64(at), true
	}
	if k+1 == len(b.full) {
		return 0, false
	}
	word, found := b.nextOpen(k+1, word+1)
	if !found || word >= uint64(len(level)) {
		return 0, false
	}
	return word*wordBits + uint64(firstClear(level[word], 0)), true
}

// word returns the n-th 64 numbers; those past the end count as free.
func (b *Bitmap) word(n uint64) uint64 {
	if n/leafWords >= uint64(len(b.leaves)) {
		return 0
	}
	if l := b.leaves[n/leafWords]; l != nil {
		return l[n%leafWords]
	}
	return 0
}

// firstClear returns the lowest clear bit of word at or above from.
func firstClear(word, from uint64) int {
	clear := ^word & (fullWord << from)
	if clear == 0 {
		return notFoundAt
	}
	return bits.TrailingZeros64(clear)
}

func divideUp(a, b uint64) uint64 { return (a + b - 1) / b }
