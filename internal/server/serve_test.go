package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener without a socket, so that its connections go by a test's clock.
type pipes struct {
	clients chan net.Conn
	closed  chan struct{}
	once    *sync.Once
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case client := <-p.clients:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// connect is a client that has sent this. It does not wait to be accepted.
func (p pipes) connect(sent string) net.Conn {
	client, server := net.Pipe()
	go func() {
		select {
		case p.clients <- server:
			_, _ = io.WriteString(client, sent) // fails where the server hangs up first
		case <-p.closed:
		}
	}()
	return client
}

// serving has the call answered while the test goes on.
func serving(test func(p pipes), call Call) {
	gate, _ := newGate()
	gate.Open()
	p := pipes{make(chan net.Conn), make(chan struct{}), new(sync.Once)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = gate.Serve(p, gate.Handler(call))
	}()
	test(p)
	_ = p.Close()
	<-done
}

// TestHalfSentRequests wants who does not go on to be hung up on, after an answer
// where it is known what was asked.
func TestHalfSentRequests(t *testing.T) {
	const header = "POST /Test.Call HTTP/1.1\r\nHost: plugin\r\n"
	tests := []struct{ name, sent, answer string }{
		{"nothing", "", ""},
		{"half a header", header, ""},
		{"no body", header + "Content-Length: 10\r\n\r\n", "400 Bad Request"},
		{"half a body", header + "Content-Length: 10\r\n\r\n{", "400 Bad Request"},
		{"half a chunk", header + "Transfer-Encoding: chunked\r\n\r\n7\r\n{", "400 Bad Request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				serving(func(p pipes) {
					started := time.Now()
					answer, err := io.ReadAll(p.connect(test.sent))
					if err != nil || !strings.Contains(string(answer), test.answer) {
						t.Errorf("got %q, %v, want %q", answer, err, test.answer)
					}
					if took := time.Since(started); took != arrivalTime {
						t.Errorf("the server hung up after %s, want %s", took, arrivalTime)
					}
				}, Call{Name: "Test.Call", Arguments: true, Do: echo})
			})
		})
	}
}

// TestAnswerNobodyReads wants who does not read to be hung up on.
func TestAnswerNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serving(func(p pipes) {
			client := p.connect("POST /Test.Call HTTP/1.1\r\nHost: plugin\r\nContent-Length: 0\r\n\r\n")
			time.Sleep(answerTime + time.Second)
			if answer, err := io.ReadAll(client); err != nil || len(answer) > 0 {
				t.Errorf("got %q, %v, want that the server has hung up", answer, err)
			}
		}, Call{Name: "Test.Call", Do: echo})
	})
}

// TestConnectionsWait wants a client beyond the limit to be answered when another
// has gone.
func TestConnectionsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serving(func(p pipes) {
			var clients []net.Conn
			for range mostConnections {
				clients = append(clients, p.connect(""))
			}
			synctest.Wait()
			last := p.connect("POST /Test.Call HTTP/1.1\r\nHost: plugin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				answer, err := io.ReadAll(last)
				if err != nil || !strings.Contains(string(answer), `{"Length":0}`) {
					t.Errorf("the client that waited got %q, %v", answer, err)
				}
			}()
			synctest.Wait()
			select {
			case <-answered:
				t.Errorf("with %d clients there, one more is answered", mostConnections)
			default:
			}
			_ = clients[0].Close()
			<-answered
			for _, client := range clients {
				_ = client.Close()
			}
		}, Call{Name: "Test.Call", Do: echo})
	})
}

// TestCallsTakeTurns makes more calls at once than are made at a time.
func TestCallsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, _ := newGate()
		gate.Open()
		running := make(chan struct{}, 10*mostCalls)
		handler := gate.Handler(Call{Name: "Test.Call", Do: func(context.Context, []byte) (any, error) {
			running <- struct{}{}
			time.Sleep(5 * time.Second)
			return struct{}{}, nil
		}})
		var answers []<-chan *httptest.ResponseRecorder
		for range 2 * mostCalls {
			answers = append(answers, start(handler))
		}
		synctest.Wait()
		if n := len(running); n != mostCalls {
			t.Errorf("%d calls are made at a time, want %d", n, mostCalls)
		}
		for _, answer := range answers {
			wantAnswer(t, <-answer, `{}`)
		}
	})
}

// TestCallsThatHangKeepTheirPlaces wants calls to be refused that find no place within
// their deadline, and others to be made as soon as those that hung have ended. What
// needs no place is answered.
func TestCallsThatHangKeepTheirPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, _ := newGate()
		gate.Open()
		hanging := make(chan struct{})
		hangs := gate.Handler(Call{Name: "Test.Hangs", Do: func(context.Context, []byte) (any, error) {
			<-hanging
			return nil, errors.New("too late")
		}})
		for range mostCalls {
			start(hangs)
		}
		time.Sleep(time.Hour)
		handler := gate.Handler(Call{Name: "Test.Call", Arguments: true, Do: echo})
		started := time.Now()
		wantFailure(t, ask(handler, http.MethodPost, "{}"), http.StatusInternalServerError, "waiting for one of 128 calls to end")
		if took := time.Since(started); took != callTime {
			t.Errorf("the call was refused after %s, want %s", took, callTime)
		}
		wantAnswer(t, ask(gate.Handler(Call{Name: "Test.Unheld", Unheld: true, Do: echo}), http.MethodPost, ""), `{"Length":0}`)
		close(hanging)
		wantAnswer(t, ask(handler, http.MethodPost, "{}"), `{"Length":2}`)
	})
}
