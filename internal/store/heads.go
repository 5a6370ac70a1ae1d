package store

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// A head stands at the start of each of the first two pages, behind what all
// pages begin with, and ends with its checksum (bbolt's common.Meta).
const (
	pageHead     = 16
	checkedPart  = 56
	checksumSize = 8
)

// checkHeads fails where one of the two heads is spoilt. bbolt would go by the
// other one. If that is the older, the last transaction is lost, and where the
// next had begun to be written, some pages of the older one are overwritten. A
// crash spoils no head: it is smaller than a disk's sector.
func checkHeads(path string, pageSize int) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for page := range int64(2) {
		head := make([]byte, checkedPart+checksumSize)
		if _, err := file.ReadAt(head, page*int64(pageSize)+pageHead); err != nil {
			return err
		}
		sum := fnv.New64a()
		_, _ = sum.Write(head[:checkedPart]) // never fails, as its documentation says
		if sum.Sum64() != binary.NativeEndian.Uint64(head[checkedPart:]) {
			return fmt.Errorf("%w: head %d is spoilt", ErrDamaged, page)
		}
	}
	return nil
}
