package tree

import (
	"io/fs"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

func TestWorkersFor(t *testing.T) {
	tests := []struct {
		name string
		took []time.Duration // -1: it fails
		want int
	}{
		{"a disk", []time.Duration{100 * time.Microsecond, 10 * time.Microsecond, 20 * time.Microsecond}, Workers},
		{"a busy moment", []time.Duration{time.Second, time.Second, 10 * time.Microsecond}, Workers},
		{"a share near by", []time.Duration{2 * time.Millisecond, 3 * time.Millisecond, 2 * time.Millisecond}, Workers + 10},
		{"a share far away", []time.Duration{50 * time.Millisecond, 50 * time.Millisecond, 50 * time.Millisecond}, mostWorkers},
		{"some fail", []time.Duration{-1, 2 * time.Millisecond, -1}, Workers + 10},
		{"all fail", []time.Duration{-1, -1, -1}, Workers},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := WorkersFor(0, slowFS(tt.took), "0", "1", "2"); got != tt.want {
					t.Errorf("WorkersFor = %d, want %d", got, tt.want)
				}
				if got := WorkersFor(7, slowFS(tt.took), "0", "1", "2"); got != 7 {
					t.Errorf("WorkersFor = %d where 7 are asked for", got)
				}
			})
		})
	}
}

// slowFS is how long each of its files, 0 and so on, takes to be opened.
type slowFS []time.Duration

func (f slowFS) Open(name string) (fs.File, error) {
	took := f[name[0]-'0']
	if took < 0 {
		time.Sleep(time.Second)
		return nil, fs.ErrPermission
	}
	time.Sleep(took)
	return fstest.MapFS{name: {}}.Open(name)
}
