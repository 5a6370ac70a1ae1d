package firewall

import "sync/atomic"

// Transactions is how often rules were changed since the start, each time as a whole:
// by a transaction of nf_tables, or by a run of iptables-restore.
type Transactions struct {
	Done, Failed uint64
}

// Add returns the sum.
func (t Transactions) Add(other Transactions) Transactions {
	return Transactions{Done: t.Done + other.Done, Failed: t.Failed + other.Failed}
}

// TransactionCounter counts transactions. Its methods may be called concurrently.
type TransactionCounter struct {
	done, failed atomic.Uint64
}

// Count counts one that ended with the error.
func (c *TransactionCounter) Count(err error) {
	if err != nil {
		c.failed.Add(1)
		return
	}
	c.done.Add(1)
}

// Transactions is what was counted until now.
func (c *TransactionCounter) Transactions() Transactions {
	return Transactions{Done: c.done.Load(), Failed: c.failed.Load()}
}
