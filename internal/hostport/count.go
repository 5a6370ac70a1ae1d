package hostport

// Count is how many host ports are held, by protocol.
func (h *Holder) Count() map[Protocol]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := map[Protocol]int{}
	for _, one := range h.held {
		count[one.Protocol]++
	}
	return count
}
