package nftables

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"

	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// listing is what the kernel has of a table.
type listing struct {
	conn  *nftables.Conn
	table *nftables.Table
	// chains are those there, by name.
	chains map[string]*nftables.Chain
	// sets are the names of those there.
	sets map[string]bool
}

// list lists the table of the family, nil where it is not there.
func (v view) list(family nftables.TableFamily) (*listing, error) {
	l := &listing{conn: v.connection.conn, chains: map[string]*nftables.Chain{}, sets: map[string]bool{}}
	tables, err := l.conn.ListTablesOfFamily(family)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}
	i := slices.IndexFunc(tables, func(t *nftables.Table) bool { return t.Name == v.name })
	if i < 0 {
		return nil, nil
	}
	l.table = tables[i]
	chains, err := l.conn.ListChainsOfTableFamily(family)
	if err != nil {
		return nil, fmt.Errorf("listing chains: %w", err)
	}
	for _, c := range chains {
		if c.Table.Name == v.name {
			l.chains[c.Name] = c
		}
	}
	sets, err := l.conn.GetSets(l.table)
	if err != nil {
		return nil, fmt.Errorf("listing sets: %w", err)
	}
	for _, s := range sets {
		l.sets[s.Name] = true
	}
	return l, nil
}

// rules are those of the chain, in their order.
func (l *listing) rules(chain string) ([]*nftables.Rule, error) {
	rules, err := l.conn.GetRules(l.table, l.chains[chain])
	if err != nil {
		return nil, fmt.Errorf("listing chain %s: %w", chain, err)
	}
	return rules, nil
}

// sameRule ignores what the kernel gives rules, as their handles.
func sameRule(a, b *nftables.Rule) bool {
	return bytes.Equal(a.UserData, b.UserData) && reflect.DeepEqual(a.Exprs, b.Exprs)
}

// elements are those of the set.
func (l *listing) elements(s *set) ([]element, error) {
	listed, err := l.conn.GetSetElements(&nftables.Set{Table: l.table, Name: s.name})
	if err != nil {
		return nil, fmt.Errorf("listing set %s: %w", s.name, err)
	}
	var elements []element
	for _, e := range listed {
		elements = append(elements, listedElement(s, e))
	}
	return elements, nil
}

func listedElement(s *set, e nftables.SetElement) element {
	switch {
	case e.IntervalEnd:
		return element{set: s, key: string(e.Key), end: true}
	case s.value == verdict:
		return element{set: s, key: string(e.Key), value: jumpTarget(e.Val)}
	}
	return element{set: s, key: string(e.Key), value: string(e.Val)}
}

// jumpTarget is the chain that a verdict jumps to, "" where it does not jump. The
// library leaves the verdict as its attributes.
func jumpTarget(verdict []byte) string {
	attributes, err := netlink.NewAttributeDecoder(verdict)
	if err != nil {
		return ""
	}
	attributes.ByteOrder = binary.BigEndian
	target := ""
	for attributes.Next() {
		switch attributes.Type() {
		case unix.NFTA_VERDICT_CODE:
			if int32(attributes.Uint32()) != unix.NFT_JUMP {
				return ""
			}
		case unix.NFTA_VERDICT_CHAIN:
			target = attributes.String()
		}
	}
	return target
}
