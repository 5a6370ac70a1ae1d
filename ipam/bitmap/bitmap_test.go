package bitmap

import (
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstModel drives a bitmap and a plain map through the same calls.
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(
			rapid.Uint64Range(1, 300),
			rapid.Uint64Range(4000, 4200),
			rapid.Uint64Range(1, 70000),
		).Draw(t, "size")
		b, err := New(size)
		if err != nil {
			t.Fatal(err)
		}
		model := map[uint64]bool{}
		number := rapid.Uint64Range(0, size+70)
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				i := number.Draw(t, "i")
				want := i < size && !model[i]
				if got := b.Take(i); got != want {
					t.Fatalf("Take(%d) = %v, want %v", i, got, want)
				}
				if want {
					model[i] = true
				}
			},
			"take a run": func(t *rapid.T) {
				from, n := number.Draw(t, "from"), rapid.Uint64Range(1, 5000).Draw(t, "n")
				for i := from; i < min(from+n, size); i++ {
					b.Take(i)
					model[i] = true
				}
			},
			"free": func(t *rapid.T) {
				i := number.Draw(t, "i")
				if got := b.Free(i); got != model[i] {
					t.Fatalf("Free(%d) = %v, want %v", i, got, model[i])
				}
				delete(model, i)
			},
			"next free": func(t *rapid.T) {
				from, end := number.Draw(t, "from"), number.Draw(t, "end")
				want, found := uint64(0), false
				for i := from; i < min(end, size); i++ {
					if !model[i] {
						want, found = i, true
						break
					}
				}
				got, ok := b.NextFree(from, end)
				if ok != found || ok && got != want {
					t.Fatalf("NextFree(%d, %d) = %d, %v, want %d, %v", from, end, got, ok, want, found)
				}
			},
			"": func(t *rapid.T) {
				if b.Taken() != uint64(len(model)) {
					t.Fatalf("Taken() = %d, want %d", b.Taken(), len(model))
				}
			},
		})
	})
}

func TestSizeOutOfRange(t *testing.T) {
	for _, size := range []uint64{0, MaxSize + 1} {
		if _, err := New(size); err == nil {
			t.Errorf("New(%d) gave no error", size)
		}
	}
}

func TestFullSlash8(t *testing.T) {
	b, err := New(MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(MaxSize) {
		b.Take(i)
	}
	if i, ok := b.NextFree(0, MaxSize); ok {
		t.Fatalf("NextFree found %d in a full bitmap", i)
	}
	b.Free(12345678)
	if i, ok := b.NextFree(0, MaxSize); !ok || i != 12345678 {
		t.Fatalf("NextFree = %d, %v, want the one freed", i, ok)
	}
}

func BenchmarkNextFree(b *testing.B) {
	m, _ := New(1 << 20)
	for i := range uint64(1 << 20) {
		if i%997 != 0 {
			m.Take(i)
		}
	}
	b.ReportAllocs()
	cursor := uint64(0)
	for b.Loop() {
		i, ok := m.NextFree(cursor, 1<<20)
		if !ok {
			cursor = 0
			continue
		}
		cursor = i + 1
	}
}
