package ipam_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"mybridge/ipam"
)

// linearPool has 6 addresses for 8 clients.
var linearPool = netip.MustParsePrefix("10.1.0.0/29")

type action string

const (
	dynamic  action = "dynamic"
	explicit action = "explicit"
	giveBack action = "release"
)

// linearInput is a call; its address is 0 for a dynamic request.
type linearInput struct {
	action  action
	address byte
}

// linearOutput is the answer to a call.
type linearOutput struct {
	address byte
	err     error
}

// addressSet has a bit for each address that is held.
type addressSet uint8

func (s addressSet) has(address byte) bool { return s&(1<<address) != 0 }

const allHeld addressSet = 0b0111_1110

// linearModel is the address manager as one that does one thing after the other.
var linearModel = porcupine.Model{
	Init: func() any { return addressSet(0) },
	Step: func(state, input, output any) (bool, any) {
		held, in, out := state.(addressSet), input.(linearInput), output.(linearOutput)
		given := held | 1<<out.address
		switch {
		case in.action == giveBack && errors.Is(out.err, ipam.ErrBusy):
			return true, held
		case in.action == giveBack:
			return out.err == nil, held &^ (1 << in.address)
		case out.err == nil:
			isWanted := in.action == dynamic || out.address == in.address
			return isWanted && given&^allHeld == 0 && !held.has(out.address), given
		case in.action == dynamic:
			return errors.Is(out.err, ipam.ErrExhausted) && held == allHeld, held
		default:
			return errors.Is(out.err, ipam.ErrTaken) && held.has(in.address), held
		}
	},
	DescribeOperation: func(input, output any) string {
		in, out := input.(linearInput), output.(linearOutput)
		return fmt.Sprintf("%s .%d: .%d, %v", in.action, in.address, out.address, out.err)
	},
}

// TestLinearizable has clients take and give back addresses at once, with a disk
// that takes its time. Their answers must be ones that they could have had one
// after the other, each between its call and its return.
func TestLinearizable(t *testing.T) {
	const histories, clients, calls = 200, 8, 12
	for seed := range uint64(histories) {
		history := linearHistory(t, seed, clients, calls)
		if result := porcupine.CheckOperationsTimeout(linearModel, history, 10*time.Second); result != porcupine.Ok {
			for _, o := range history {
				t.Logf("%8d to %8d: client %d: %s", o.Call, o.Return, o.ClientId, linearModel.DescribeOperation(o.Input, o.Output))
			}
			t.Fatalf("history %d: the check says %s, want Ok", seed, result)
		}
	}
}

// linearHistory records what the clients called and got.
func linearHistory(t *testing.T, seed uint64, clients, calls int) []porcupine.Operation {
	t.Helper()
	state := newFakeState()
	m := open(t, state, &fakeHost{})
	pool := needPool(t, m, linearPool.String())
	state.before = func(string) { time.Sleep(time.Duration(rand.IntN(100)) * time.Microsecond) }
	var mu sync.Mutex
	var history []porcupine.Operation
	var all sync.WaitGroup
	begin := time.Now()
	for client := range clients {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(client)))
			var holds []byte
			for range calls {
				in := nextCall(random, &holds)
				call := time.Since(begin)
				out := in.do(t, m, pool.ID)
				returned := time.Since(begin)
				if in.action != giveBack && out.err == nil {
					holds = append(holds, out.address)
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: int64(returned)})
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return history
}

// nextCall draws a call of a client that holds these addresses. Now and then it
// releases one that may be another's.
func nextCall(random *rand.Rand, holds *[]byte) linearInput {
	switch n := random.IntN(10); {
	case n < 4 && len(*holds) > 0:
		address := (*holds)[0]
		*holds = (*holds)[1:]
		return linearInput{giveBack, address}
	case n < 5:
		return linearInput{explicit, byte(1 + random.IntN(6))}
	case n < 6:
		return linearInput{giveBack, byte(random.IntN(8))}
	}
	return linearInput{action: dynamic}
}

func (in linearInput) do(t *testing.T, m *ipam.Manager, pool ipam.PoolID) linearOutput {
	address := netip.AddrFrom4([4]byte{10, 1, 0, in.address})
	request := ipam.AddressRequest{Pool: pool, Address: address}
	switch in.action {
	case giveBack:
		return linearOutput{err: m.ReleaseAddress(t.Context(), pool, address)}
	case dynamic:
		request.Address = netip.Addr{}
	}
	got, err := m.RequestAddress(t.Context(), request)
	if err != nil {
		return linearOutput{err: err}
	}
	return linearOutput{address: got.Addr().As4()[3]}
}
