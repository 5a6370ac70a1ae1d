package crash

import "fmt"

// model is what the state must hold, by what was acknowledged.
type model struct {
	held held
	// ended are the places whose last acknowledged operation was their release.
	ended map[place]bool
	// underway is each worker's call that has no answer yet.
	underway map[int]event

	kills, acknowledged, lost, doublyOwned, stillHeld, unreadable int
	faults                                                        []string
}

func newModel() *model { return &model{held: held{}, ended: map[place]bool{}} }

// follow goes through the journal of a process that was killed.
//
// A worker writes before its call and after it, so an address whose release has
// begun may be somebody else's before the release is acknowledged; it is nobody's
// from its begin on. An address whose release has not begun has its owner.
func (m *model) follow(journal []event) {
	m.kills++
	m.underway = map[int]event{}
	for _, e := range journal {
		call := m.underway[e.Worker]
		switch e.Kind {
		case requesting:
			m.underway[e.Worker] = e
			continue
		case releasing:
			e.Name = m.held[e.place]
			delete(m.held, e.place)
			m.underway[e.Worker] = e
			continue
		case done:
			m.acknowledge(call, e.place)
		case failed:
			m.fault("%s %s of pool %s failed: %s", call.Kind, call.Address, call.Pool, e.Text)
		}
		if e.Kind == refused && call.Kind == releasing {
			m.fault("releasing %s of pool %s was refused", call.Address, call.Pool)
		}
		delete(m.underway, e.Worker)
	}
}

func (m *model) acknowledge(call event, given place) {
	m.acknowledged++
	if call.Kind == releasing {
		if _, taken := m.held[given]; !taken {
			m.ended[given] = true
		}
		return
	}
	if owner, taken := m.held[given]; taken {
		m.doublyOwned++
		m.fault("%s of pool %s was given to %q and is held by %q", given.Address, given.Pool, call.Name, owner)
	}
	if call.Address.IsValid() && call.Address != given.Address {
		m.fault("%s of pool %s was asked for and %s given", call.Address, call.Pool, given.Address)
	}
	m.held[given] = call.Name
	delete(m.ended, given)
}

// compare looks for each difference between the model and what was found after
// the kill that the calls under way do not explain, and takes over what was found.
func (m *model) compare(found held) {
	for at, owner := range m.held {
		switch name, kept := found[at]; {
		case !kept:
			m.lost++
			m.fault("the lease of %s of pool %s by %q is lost", at.Address, at.Pool, owner)
		case name != owner:
			m.doublyOwned++
			m.fault("%s of pool %s is held by %q and kept as %q's", at.Address, at.Pool, owner, name)
		}
	}
	for at, name := range found {
		if _, expected := m.held[at]; expected || m.explained(at, name) {
			continue
		}
		m.stillHeld++
		what := "was never given"
		if m.ended[at] {
			what = "was released"
		}
		m.fault("%s of pool %s is kept as %q's and %s", at.Address, at.Pool, name, what)
	}
	m.held = found
	for at := range found {
		delete(m.ended, at)
	}
}

// explained reports whether a call that was under way can have left the lease;
// each call can have left one. Those that name the address go first, as others
// may have to explain another.
func (m *model) explained(at place, name string) bool {
	for worker, call := range m.underway {
		if call.place == at && call.Name == name {
			delete(m.underway, worker)
			return true
		}
	}
	for worker, call := range m.underway {
		if call.Kind == requesting && !call.Address.IsValid() && call.Pool == at.Pool && call.Name == name {
			delete(m.underway, worker)
			return true
		}
	}
	return false
}

func (m *model) fault(format string, values ...any) {
	m.faults = append(m.faults, fmt.Sprintf(format, values...))
}

// takeFaults returns what was found wrong since the last time.
func (m *model) takeFaults() []string {
	faults := m.faults
	m.faults = nil
	return faults
}
