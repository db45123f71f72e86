package registry

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestWhatIsRepeated(t *testing.T) {
	for _, tt := range []struct {
		method string
		status int // 0: err
		err    error
		want   bool
	}{
		{http.MethodGet, 200, nil, false},
		{http.MethodGet, 404, nil, false},
		{http.MethodGet, 502, nil, true},
		{http.MethodHead, 500, nil, true},
		{http.MethodGet, 0, io.ErrUnexpectedEOF, true},
		{http.MethodGet, 0, errors.New("certificate"), false},
		{http.MethodPost, 502, nil, false}, // it may have been carried out
		{http.MethodPut, 500, nil, false},
		{http.MethodPost, 0, io.ErrUnexpectedEOF, false},
		{http.MethodPost, 429, nil, true},
		{http.MethodPut, 503, nil, true},
	} {
		req := httptest.NewRequestWithContext(t.Context(), tt.method, "/", nil)
		var resp *http.Response
		if tt.err == nil {
			resp = &http.Response{StatusCode: tt.status, Header: http.Header{}}
		}
		if got := pauseBefore(req, resp, tt.err, time.Second) >= 0; got != tt.want {
			t.Errorf("%s, %d, %v: repeated %v, want %v", tt.method, tt.status, tt.err, got, tt.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{"-7", "", 0},
		{"soon", "", 0},
		{"Sun, 06 Nov 1994 08:49:37 GMT", "", 0}, // there is no clock to compare it with
		{"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:07 GMT", 30 * time.Second},
	} {
		resp := &http.Response{Header: http.Header{"Retry-After": {tt.after}, "Date": {tt.date}}}
		if got := retryAfter(resp); got != tt.want {
			t.Errorf("Retry-After %q at %q: %v, want %v", tt.after, tt.date, got, tt.want)
		}
	}
}
