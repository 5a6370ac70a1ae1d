package nftables

import (
	"errors"
	"iter"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
)

// elementsAtOnce bounds how many elements go into one message: the list of them is
// one netlink attribute, whose length is a 16-bit number. One takes up to 100 bytes.
const elementsAtOnce = 256

// transaction collects changes that the kernel makes all at once or not at all.
type transaction struct {
	conn *nftables.Conn
	// name is that of our tables.
	name     string
	failures []error
}

func (t *transaction) table(family nftables.TableFamily) *nftables.Table {
	return &nftables.Table{Name: t.name, Family: family}
}

// clear deletes the table, which need not be there.
func (t *transaction) clear(fixed table) {
	t.conn.DelTable(t.conn.AddTable(t.table(fixed.family)))
}

// create makes the table with its sets and chains.
func (t *transaction) create(fixed table) {
	t.conn.AddTable(t.table(fixed.family))
	for i, s := range fixed.sets {
		described := t.described(s)
		described.ID = uint32(i + 1) // the library's own numbers are a variable of all connections
		t.failures = append(t.failures, t.conn.AddSet(described, nil))
	}
	// All before the first rule, which may jump to any of them.
	for _, c := range fixed.chains {
		t.addChain(fixed.family, c)
	}
	for _, c := range fixed.chains {
		t.setChain(fixed.family, c)
	}
}

// addChain makes the chain if it is not there.
func (t *transaction) addChain(family nftables.TableFamily, c chain) *nftables.Chain {
	added := &nftables.Chain{Table: t.table(family), Name: c.name}
	if c.hook != nil {
		added.Type, added.Hooknum, added.Priority = c.hook.kind, c.hook.number, c.hook.priority
	}
	return t.conn.AddChain(added)
}

// setChain makes the chain, or gives it these rules in the place of those it had.
func (t *transaction) setChain(family nftables.TableFamily, c chain) {
	added := t.addChain(family, c)
	t.conn.FlushChain(added)
	for _, r := range c.rules {
		t.addRule(added, r)
	}
}

func (t *transaction) addRule(c *nftables.Chain, r rule) {
	described := r.described()
	described.Table, described.Chain = c.Table, c
	t.conn.AddRule(described)
}

func (r rule) described() *nftables.Rule {
	described := &nftables.Rule{Exprs: r.expressions}
	if r.comment != "" {
		described.UserData = userdata.AppendString(nil, userdata.TypeComment, r.comment)
	}
	return described
}

// removeChain deletes the chain, to which no element jumps any more.
func (t *transaction) removeChain(family nftables.TableFamily, c chain) {
	gone := &nftables.Chain{Table: t.table(family), Name: c.name}
	t.conn.FlushChain(gone)
	t.conn.DelChain(gone)
}

// add puts sorted elements into their sets.
func (t *transaction) add(elements []element) {
	for s, some := range messages(elements) {
		t.failures = append(t.failures, t.conn.SetAddElements(t.described(s), some))
	}
}

// remove takes sorted elements out of their sets.
func (t *transaction) remove(elements []element) {
	for s, some := range messages(elements) {
		t.failures = append(t.failures, t.conn.SetDeleteElements(t.described(s), some))
	}
}

func (t *transaction) failure() error { return errors.Join(t.failures...) }

func (t *transaction) described(s *set) *nftables.Set {
	return &nftables.Set{
		Table: t.table(s.family), Name: s.name, Comment: s.comment,
		KeyType: s.key, DataType: s.value, IsMap: s.value != nftables.SetDatatype{}, Interval: s.interval,
		KeyByteOrder: s.keyByteOrder(),
	}
}

// messages are sorted elements in portions of one set and one message.
func messages(elements []element) iter.Seq2[*set, []nftables.SetElement] {
	return func(yield func(*set, []nftables.SetElement) bool) {
		for len(elements) > 0 {
			s, some := elements[0].set, []nftables.SetElement(nil)
			for len(elements) > 0 && elements[0].set == s && len(some) < elementsAtOnce {
				some = append(some, elements[0].described())
				elements = elements[1:]
			}
			if !yield(s, some) {
				return
			}
		}
	}
}

func (e element) described() nftables.SetElement {
	described := nftables.SetElement{Key: []byte(e.key), IntervalEnd: e.end}
	if e.set.value == verdict && !e.end {
		described.VerdictData = &expr.Verdict{Kind: expr.VerdictJump, Chain: e.value}
		return described
	}
	described.Val = []byte(e.value)
	return described
}
