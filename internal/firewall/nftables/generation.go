package nftables

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// familyHeader is how many bytes stand before the attributes of a message of
// nf_tables (kernel: struct nfgenmsg).
const familyHeader = 4

// generation is a number that changes with each transaction, whosever it is.
func (c *connection) generation() (uint32, error) {
	answers, err := c.socket.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETGEN, Flags: netlink.Request},
		Data:   make([]byte, familyHeader),
	})
	if err != nil {
		return 0, fmt.Errorf("asking for the generation: %w", err)
	}
	for _, answer := range answers {
		attributes, err := netlink.NewAttributeDecoder(answer.Data[familyHeader:])
		if err != nil {
			return 0, fmt.Errorf("reading the generation: %w", err)
		}
		attributes.ByteOrder = binary.BigEndian
		for attributes.Next() {
			if attributes.Type() == unix.NFTA_GEN_ID {
				return attributes.Uint32(), nil
			}
		}
	}
	return 0, errors.New("the kernel tells no generation")
}
